/**
 * Recognizes Python package managers by their command lines, and finds what the project's files tell them about hosts.
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Environment } from "../../../base/environment.ts";
import type { Asker } from "../../../base/process/calling-processes.ts";
import { mentionsOfEnvironments } from "./environments.ts";
import { type Mention, type Secrets, unverifiedHost, urlsIn } from "./mentions.ts";
import { isPdm, mentionsOfPdm } from "./pdm-files.ts";
import { mentionsOfPip } from "./requirement-files.ts";
import { longOptionValues } from "./requirements.ts";
import { isFetched, mentionsOfProject } from "./toml-files.ts";
import { mentionsOfUv } from "./uv-files.ts";

/**
 * pip's arguments in a command line, else undefined: `pip …`, `python -m pip …` (also `-Impip`), `python /path/pip …`, its
 * folder or archive as a script, its runner, code that names it after `-c`.
 */
export function pipArguments(words: readonly string[]): string[] | undefined {
  const at = words.findIndex((word, index) => {
    const before = words[index - 1] ?? "";
    if (/^-[a-zA-Z]*mpip$/.test(word)) return true;
    if (/^-[a-zA-Z]*c$/.test(before)) return /\bpip\b/.test(word);
    return (index === 0 || /[/.]/.test(word) || /^-[a-zA-Z]*m$/.test(before)) && isPip(word);
  });
  // After an interpreter, its options and a script; any later `pip` is an argument of another program.
  return at < 0 || at > 8 ? undefined : words.slice(at + 1);
}

/** The programs in a command line of pip: its interpreter and its script, in either order the first words. */
export function programsOfPip(words: readonly string[]): string[] {
  const script = words[1]?.includes("/") === true && isPip(words[1]) ? [words[1]] : [];
  return [...words.slice(0, 1), ...script];
}

/** pip itself, its runner, and pip-tools, which uses its code. */
function isPip(word: string): boolean {
  if (/(^|\/)pip\/__main__\.py$/.test(word)) return true;
  return /^(pip[0-9.]*|pip-(compile|sync)|piptools|__pip-runner__\.py|pip[\w.-]*\.(pyz|whl))$/.test(basename(word));
}

/** uv's names. */
export function isUv(words: readonly string[]): boolean {
  return /^uvx?$/.test(basename(words[0] ?? ""));
}

/** What pip reads: its arguments, the files they name and the projects in them. */
export function mentionsOfPipCommand(
  args: readonly string[],
  cwd: string,
  env: Environment,
  secrets: Secrets,
): Mention[] {
  const place = "the command line";
  // `--group` also takes `PATH/pyproject.toml:NAME`; an option's value can follow `=` or `-e`.
  const words = args.map((word) => word.replace(/^(--[a-z-]+=|-e)/, "").replace(/(^|\/)pyproject\.toml:[^/]*$/, "$1"));
  const projects = [cwd, ...words.map((word) => resolve(cwd, word.replace(/\[[^\]]*\]$/, "")))].filter((folder) =>
    existsSync(join(folder, "pyproject.toml")),
  );
  const isNamed = words.some((word) => /^\.{1,2}([/[]|$)|\//.test(word));
  const hasGroup = Boolean(env["PIP_GROUP"]) || longOptionValues(args, "--group").length > 0;
  const named = isNamed || hasGroup ? projects : [];
  const said = args.flatMap(urlsIn).map((url): Mention => ({ kind: "url", place, url }));
  const inProjects = [...new Set(named)].flatMap((folder) => mentionsOfProject(folder, ["pyproject.toml"], false));
  // Any https URL may be asked for a package: `keyring` decides whether there is a token. pip reads no trust setting in
  // a project.
  const chosenByProject = [...said, ...inProjects].filter(isFetched);
  return [...chosenByProject, ...mentionsOfPip(args, cwd, env, secrets)];
}

/**
 * What the callers' projects say about hosts. `checked` is the process of a pip that our own shim has checked: it and
 * its ancestors are skipped.
 */
export function mentionsOfAskers(askers: readonly Asker[], env: Environment, checked: number | undefined): Mention[] {
  const end = askers.findIndex(({ pid }) => pid === checked);
  const mentions = (end < 0 ? askers : askers.slice(0, end)).map((asker) => mentionsOfAsker(asker, env, end < 0));
  return mentions.flat();
}

/**
 * `isByOthers`: other tools write options there from a project's file (Pipfile, build isolation); for the shim the user
 * types them.
 */
function mentionsOfAsker({ args: words, cwd }: Asker, env: Environment, isByOthers: boolean): Mention[] {
  if (isUv(words)) return mentionsOfUv(words, cwd, env);
  const args = pipArguments(words);
  if (args !== undefined) {
    const hosts = isByOthers ? longOptionValues(args, "--trusted-host") : [];
    const unverified = hosts.map((host) => unverifiedHost(host, "--trusted-host"));
    const inEnvironments = mentionsOfEnvironments(programsOfPip(words), args, cwd, env);
    // A token for one repository would go to another one on the same host as well.
    const said = isByOthers
      ? args.flatMap(urlsIn).map((url): Mention => ({ kind: "url", place: "its command line", url }))
      : [];
    return [unverified, inEnvironments, said, mentionsOfPipCommand(args, cwd, env, noSecrets)].flat();
  }
  if (isPdm(words)) return mentionsOfPdm(words, cwd, env);
  return [];
}

/** None of our environments has a token in a variable when `keyring` is asked for one. */
const noSecrets: Secrets = { values: [], variables: new Set() };
