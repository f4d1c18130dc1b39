/** The table of the package managers that can be set up, in the order of messages. */
import { cargo } from "./cargo/tool.ts";
import { npm } from "./npm/tool.ts";
import { pip } from "./pip/tool.ts";
import { findInstalled } from "./shims.ts";
import type { Tool } from "./tool.ts";

export const tools = { cargo, pip, npm } satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as ToolName[];

/** The tools that are installed: found on PATH, apart from Vouch's own shims. */
export function installedTools(env: Record<string, string | undefined>): ToolName[] {
  return toolNames.filter((name) => tools[name].programs.some((program) => findInstalled(program, env) !== undefined));
}
