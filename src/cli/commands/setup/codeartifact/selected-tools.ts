/** Which tools `vouch setup codeartifact` sets up: the named ones, those of a repository, or each that is installed. */
import { isatty } from "node:tty";
import { VouchError } from "../../../../base/errors.ts";
import type { Environment } from "../../../../base/environment.ts";
import type { RepositorySettings } from "../../../../settings/settings.ts";
import {
  installedTools,
  listOfTools,
  settableNames,
  type ToolName,
  toolNames,
  tools,
} from "../../../../tools/tools.ts";
import { usage } from "../../../framework/arguments.ts";
import { confirm } from "../../../terminal/prompt.ts";
import { commandName } from "./request.ts";

/** "cargo, pip and npm" */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat("en-GB", { type: "conjunction" }).format(names);
}

/** The tools that `--tool` names. Throws `usage` with what to do instead if one cannot be set up. */
export function settable(named: ToolName[], env: Environment): ToolName[] {
  for (const name of named) {
    const refusal = tools[name].refusal?.(env);
    if (refusal !== undefined) throw new VouchError("usage", refusal);
  }
  return named;
}

/** The tools that a repository is set up for. */
export function toolsOf(repository: RepositorySettings | undefined): ToolName[] {
  return toolNames.filter((name) => repository?.files?.[name] !== undefined);
}

/** The installed tools; a person is asked whether it shall be all of them. Throws `usage` without one, `cancelled`. */
export async function installed(env: Environment, silent: boolean): Promise<ToolName[]> {
  const names = installedTools(env);
  if (names.length === 0)
    throw usage(`None of ${listOfTools} is on PATH.`, commandName, `--tool ${settableNames.join("|")}`);
  if (silent || !isatty(0) || !isatty(2)) return names;
  if (await confirm(`Set up ${listed(names)}, which are installed?`, true)) return names;
  throw new VouchError("cancelled", "Nothing was changed.", { hint: "Name those that you want: --tool NAME." });
}

/**
 * The tools that can have the repository beside the public registry, and a sentence on each that is left out. Throws
 * `usage` for one that was `named`, and if none remains.
 */
export function besidePublic(
  names: ToolName[],
  repository: RepositorySettings,
  { named, mayMix }: { named: boolean; mayMix: boolean },
): { names: ToolName[]; warnings: string[] } {
  const warnings: string[] = [];
  const refusals: string[] = [];
  const left = names.filter((name) => {
    const { mixes, refusal } = tools[name].extra ?? {};
    const why =
      mixes && !mayMix
        ? `${name} would take a package of one name from either registry, so that anybody can publish yours there ("dependency confusion"): --allow-mixing does it all the same`
        : refusal?.(repository);
    if (why !== undefined) refusals.push(`${name} is left out: ${why}.`);
    else if (mixes) {
      warnings.push(
        `${name} now takes a package of one name from either registry, whichever has the higher version: who publishes a name of yours in the public one is believed. Claim your names there, or leave out --extra.`,
      );
    }
    return why === undefined;
  });
  if ((named && refusals.length > 0) || left.length === 0) throw usage(refusals.join(" "), commandName);
  return { names: left, warnings: [...refusals, ...warnings] };
}
