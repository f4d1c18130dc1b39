/** The table of package managers that can be set up, in the order of messages. */
import type { Environment } from "../base/environment.ts";
import { cargo } from "./cargo/tool.ts";
import { npm } from "./npm/tool.ts";
import { pip } from "./pip/tool.ts";
import { findInstalled, isLinkedShim } from "./shims.ts";
import type { Settings } from "../settings/settings.ts";
import type { Tool } from "./tool.ts";

export const tools = { cargo, pip, npm } satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as ToolName[];
export const allTools: Tool[] = Object.values(tools);

/** "cargo, pip and npm" */
export const listOfTools = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(toolNames);

/** The tool that needs a link to Vouch under that name. */
export function toolOfShim(name: string, env: Environment): ToolName | undefined {
  return toolNames.find((tool) => tools[tool].shims(env, (linked) => linked === name).includes(name));
}

/** The names of the links for the configured repositories. */
export function neededShims({ repositories }: Settings, env: Environment): string[] {
  return allTools
    .filter(({ format }) => repositories.some(({ endpoints }) => endpoints[format] !== undefined))
    .flatMap(({ shims }) => shims(env, (name) => isLinkedShim(name, env)));
}

/** The installed tools: found on PATH, Vouch's own shims excluded. */
export function installedTools(env: Environment): ToolName[] {
  return toolNames.filter((name) => tools[name].programs.some((program) => findInstalled(program, env) !== undefined));
}
