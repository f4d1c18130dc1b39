/** Package managers that read the files of one set-up: what is done for one of them is done for all. */
import type { Environment } from "../../../../base/environment.ts";
import { VouchError } from "../../../../base/errors.ts";
import type { RepositorySettings } from "../../../../settings/settings.ts";
import { findInstalled } from "../../../../tools/shims.ts";
import { toolNamed, type ToolName, tools } from "../../../../tools/tools.ts";
import { listed, toolsOf, withTools } from "./selected-tools.ts";

interface Shared {
  tool: ToolName;
  /** As named by `--tool`, and those that are installed and were not named. */
  named: string[];
  others: string[];
}

/** The set-ups of these words of `--tool` that package managers share which the words do not name. */
function sharedBy(words: readonly string[], env: Environment): Shared[] {
  const names = words.flatMap((word) => word.split(",")).map((word) => word.trim());
  const found = new Map<ToolName, string[]>();
  for (const name of names) {
    const tool = toolNamed(name);
    if (tool !== undefined) found.set(tool, [...(found.get(tool) ?? []), name]);
  }
  return [...found].flatMap(([tool, named]) => {
    const { programs, alsoFor = [] } = tools[tool];
    // The name of the set-up itself may be that of no package manager: ruby.
    const own = programs.includes(tool) ? [tool as string] : [];
    if (named.includes(tool) && own.length === 0) return [];
    const others = [...new Set([...own, ...alsoFor])].filter(
      (name) => !named.includes(name) && findInstalled(name, env) !== undefined,
    );
    return others.length === 0 ? [] : [{ tool, named, others }];
  });
}

/** A sentence on each set-up that others share: they ask the repository from now on, too. */
export function saidOfSharing(words: readonly string[], env: Environment): string[] {
  return sharedBy(words, env).map(
    ({ named, others }) =>
      `${listed(named)} and ${listed(others)} share one set-up: this is for ${listed(others)}, too.`,
  );
}

/**
 * A sentence on each set-up that a removal takes from others as well, by the name of the set-up. Throws `usage` where it is
 * asked for by the name of another one alone. `words`: of the command.
 */
export function saidOfSharedRemoval(
  named: readonly string[],
  repositories: readonly RepositorySettings[],
  words: readonly string[],
  env: Environment,
): string[] {
  const shared = sharedBy(named, env).filter(({ tool }) => repositories.some((each) => toolsOf(each).includes(tool)));
  const unasked = shared.filter((each) => !each.named.includes(each.tool));
  if (unasked.length > 0) {
    const said = unasked.map((each) => `${listed(each.named)} and ${listed(each.others)} share one set-up.`);
    const all = unasked.flatMap((each) => [...each.named, ...each.others]);
    throw new VouchError("usage", `Nothing was changed: ${said.join(" ")}`, {
      hint: `To take it away for ${listed(all)}: \`${withTools(words, [...named, ...unasked.flatMap(({ others }) => others)])}\`.`,
    });
  }
  return shared.map(
    (each) =>
      `${listed(each.others)} shared the set-up of ${each.tool}, which is taken away for ${listed(each.others)}, too.`,
  );
}
