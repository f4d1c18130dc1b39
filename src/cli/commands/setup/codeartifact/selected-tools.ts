/** Which tools `vouch setup codeartifact` sets up: the named ones, those of a repository, or each that is installed. */
import { isatty } from "node:tty";
import { VouchError } from "../../../../base/errors.ts";
import { shellWord } from "../../../../base/words/shell-word.ts";
import { removeCommand } from "../../../../editing/edited.ts";
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
export function settable(named: ToolName[], env: Environment, words: readonly string[]): ToolName[] {
  const refusals = named.flatMap((name) => {
    const said = tools[name].refusal?.(env);
    return said === undefined ? [] : [{ name, said }];
  });
  if (refusals.length === 0) return named;
  const rest = named.filter((name) => refusals.every((each) => each.name !== name));
  const said = refusals.map((each) => each.said).join(" ");
  throw new VouchError("usage", rest.length > 0 ? `Nothing was changed. ${said}` : said, {
    hint: rest.length > 0 ? without(refusals, rest, words) : `See \`${commandName} --help\`.`,
  });
}

/** The hint with the command of these words for the other tools. */
function without(refused: { name: ToolName }[], rest: ToolName[], words: readonly string[]): string {
  return `Without ${listed(refused.map(({ name }) => name))}: \`${withTools(words, rest)}\`.`;
}

/** The command of these words, for these tools. */
export function withTools(words: readonly string[], names: readonly string[]): string {
  const others = words.flatMap((word, index) => {
    if (word.startsWith("--tool=") || word === "--tool" || words[index - 1] === "--tool") return [];
    return [shellWord(word)];
  });
  return [commandName, ...others, "--tool", names.join(",")].join(" ");
}

/** The tools that a repository is set up for. */
export function toolsOf(repository: RepositorySettings | undefined): ToolName[] {
  return toolNames.filter((name) => repository?.files?.[name] !== undefined);
}

/** The installed tools; a person is asked whether it shall be all of them, and undefined is a no. Throws `usage` without one. */
export async function installed(
  env: Environment,
  repository: Pick<RepositorySettings, "domain" | "repository">,
  silent: boolean,
): Promise<ToolName[] | undefined> {
  const names = installedTools(env);
  if (names.length === 0)
    throw usage(`None of ${listOfTools} is on PATH.`, commandName, `--tool ${settableNames.join("|")}`);
  if (silent || !isatty(0) || !isatty(2)) return names;
  if (
    await confirm(
      `Set up ${repository.domain}/${repository.repository} for ${listed(names)}, ${names.length > 1 ? "which are" : "which is"} installed?`,
      true,
    )
  )
    return names;
  return undefined;
}

/**
 * The tools that can have the repository beside the public registry, and a sentence on each that is left out. Throws
 * `usage` for one that was named, for one that it is set up for already (`known`), and if none remains. `words`: of the
 * command.
 */
export function besidePublic(
  names: ToolName[],
  repository: RepositorySettings,
  { named, known, mayMix, words }: { named: boolean; known: ToolName[]; mayMix: boolean; words: readonly string[] },
): { names: ToolName[]; warnings: string[] } {
  const warnings: string[] = [];
  const refusals: { name: ToolName; why: string }[] = [];
  const left = names.filter((name) => {
    const { mixes, refusal } = tools[name].extra ?? {};
    const why =
      mixes && !mayMix
        ? `${name} would take a package of one name from either registry, so that anybody can publish yours there ("dependency confusion"): --allow-mixing does it all the same`
        : refusal?.(repository);
    if (why !== undefined) refusals.push({ name, why });
    else if (mixes) {
      warnings.push(
        `${name} now takes a package of one name from either registry, whichever has the higher version: who publishes a name of yours in the public one is believed. Claim your names there, or leave out --extra.`,
      );
    }
    return why === undefined;
  });
  const isKnown = refusals.some(({ name }) => known.includes(name));
  if (refusals.length > 0 && (named || isKnown || left.length === 0)) {
    const said = refusals.map(({ why }) => `${why}.`).join(" ");
    throw new VouchError("usage", `Nothing was changed. --extra: ${said}`, {
      hint: isKnown
        ? takenAway(repository, refusals, known)
        : left.length > 0
          ? without(refusals, left, words)
          : `See \`${commandName} --help\`.`,
    });
  }
  return { names: left, warnings: [...refusals.map(({ name, why }) => `${name} is left out: ${why}.`), ...warnings] };
}

/** A repository is of one kind for all of its tools: those that cannot change with it are to be taken away first. */
function takenAway(
  { domain, repository }: RepositorySettings,
  refused: { name: ToolName }[],
  known: ToolName[],
): string {
  const names = refused.map(({ name }) => name).filter((name) => known.includes(name));
  const command = `${removeCommand} --domain ${domain} --repository ${repository} --tool ${names.join(",")}`;
  return `It is set up for ${listed(names)} without --extra. To change the others, take ${names.length > 1 ? "these" : "this one"} away first: \`${command}\`.`;
}
