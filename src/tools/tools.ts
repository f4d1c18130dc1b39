/** The table of package managers that can be set up, in the order of messages. */
import type { Environment } from "../base/environment.ts";
import { exitWith } from "../helper/output.ts";
import { bazel } from "./bazel/tool.ts";
import { bun } from "./bun/tool.ts";
import { cargo } from "./cargo/tool.ts";
import { gradle } from "./gradle/tool.ts";
import { maven } from "./maven/tool.ts";
import { hatch } from "./hatch/tool.ts";
import { generic } from "./generic/tool.ts";
import { npm } from "./npm/tool.ts";
import { nuget } from "./nuget/tool.ts";
import { pdm } from "./pdm/tool.ts";
import { pip } from "./pip/tool.ts";
import { poetry } from "./poetry/tool.ts";
import { ruby } from "./ruby/tool.ts";
import { findInstalled, isLinkedShim } from "./shims.ts";
import { twine } from "./twine/tool.ts";
import type { Settings } from "../settings/settings.ts";
import { swift } from "./swift/tool.ts";
import type { Tool } from "./tool.ts";
import { uv } from "./uv/tool.ts";
import { yarn } from "./yarn/tool.ts";

const table = {
  cargo,
  pip,
  npm,
  uv,
  pdm,
  bazel,
  poetry,
  nuget,
  ruby,
  yarn,
  bun,
  maven,
  twine,
  hatch,
  gradle,
  swift,
  generic,
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof table;

export const tools: Readonly<Record<ToolName, Tool>> = table;
export const toolNames = Object.keys(tools) as ToolName[];
export const allTools: Tool[] = Object.values(tools);

/** What `--tool` takes: the tools that can be set up, and those that read the files of one. */
export const settableNames = toolNames.flatMap((name) =>
  tools[name].refusal === undefined ? [name as string].concat(tools[name].alsoFor ?? []) : [],
);

/** "cargo, pip and npm" */
export const listOfTools = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(settableNames);

/** The tool of that name, or the one whose files a tool of that name reads, too. */
export function toolNamed(name: string): ToolName | undefined {
  return toolNames.find((tool) => tool === name || tools[tool].alsoFor?.includes(name));
}

/** The tool that needs a link to Vouch under that name. */
export function toolOfShim(name: string, env: Environment): ToolName | undefined {
  return toolNames.find((tool) => tools[tool].shims(env, (linked) => linked === name).includes(name));
}

/**
 * What runs when Vouch is started under the name of a shim; undefined for any other name. It ends the process with what
 * the shim throws.
 */
export function runnerOf(name: string, env: Environment): Tool["runShim"] {
  const tool = toolOfShim(name, env);
  const run = tool && tools[tool].runShim;
  if (run === undefined) return undefined;
  return async (...call) => {
    try {
      return await run(...call);
    } catch (error) {
      return exitWith(error);
    }
  };
}

/** The names of the links for the configured repositories. */
export function neededShims({ repositories }: Settings, env: Environment): string[] {
  const names = toolNames
    .filter((tool) => repositories.some(({ files }) => files?.[tool] !== undefined))
    .flatMap((tool) => tools[tool].shims(env, (name) => isLinkedShim(name, env)));
  return [...new Set(names)];
}

/** The installed tools that can be set up: found on PATH, Vouch's own shims excluded. */
export function installedTools(env: Environment): ToolName[] {
  return toolNames.filter(
    (name) =>
      tools[name].refusal?.(env) === undefined &&
      tools[name].programs.some((program) => findInstalled(program, env) !== undefined),
  );
}
