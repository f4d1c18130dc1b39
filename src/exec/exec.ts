/** `vouch exec [--identity NAME …] -- CMD`: runs a command with the tokens of every configured repository in its environment. */
import { type EnvironmentReply, routes } from "../agent/protocol.ts";
import type { EnvironmentRequest } from "../agent/requests.ts";
import { VouchError } from "../base/errors.ts";
import { findOnPath } from "../base/system/path.ts";
import { ask } from "../helper/ask.ts";
import type { Attempt } from "../helper/attempt.ts";
import { takeJobOptions } from "../helper/job-options.ts";
import { concealTokens } from "../tools/npm/guard/token-variables.ts";
import { complain, complainOf, exitWith } from "../helper/output.ts";
import { become } from "../helper/real-command.ts";
import { cargoProviderVariable } from "./variables.ts";

/** Becomes the command; `left` is what quick/exec.ts has left. Its exit code is the answer. Exits with 4 when there is no session, 127 when there is no such command. */
export async function runExec(args: string[], left: Attempt | undefined): Promise<number> {
  try {
    const [command, ...rest] = commandOf(args, process.env);
    if (command === undefined) throw usage("a command is missing");
    const request: EnvironmentRequest = {};
    const reply = await ask(routes.environment, request, left);
    const file = command.includes("/") ? command : findOnPath(command, process.env);
    complainOf(reply.failed);
    if (file === undefined) throw new VouchError("command_not_found", `${command} is not on PATH.`);
    const env = { ...process.env, ...(await jobVariables()) };
    const ofNpm = await packageManagerEnvironment(file, rest, reply.variables, env);
    if (ofNpm !== undefined) return await become(file, rest, ofNpm);
    const given = { ...env, ...concealTokens(await variablesOf(reply)) };
    if (expandsVariables(command)) await (await import("./project-files.ts")).guardProject(command, rest, given);
    return await become(file, rest, { ...given, ...(await variablesOfPip([command, ...rest], given)) });
  } catch (error) {
    exitWith(error);
  }
}

/**
 * The environment for npm and pnpm where they ask a registry: only the variables that they take, and none where the
 * project could lead them elsewhere. Undefined for everything else. Throws `project_untrusted`.
 */
async function packageManagerEnvironment(
  file: string,
  args: string[],
  variables: Record<string, string>,
  env: Record<string, string | undefined>,
): Promise<Record<string, string | undefined> | undefined> {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (!/^(npm|npx|pn|pnx|pnpm|pnpx)$/.test(name)) return undefined;
  const npmVariables = Object.fromEntries(Object.entries(variables).filter(([key]) => key.startsWith("npm_config_//")));
  let guarded;
  if (name === "npm" || name === "npx") {
    const { guardNpm, npmReadings } = await import("../tools/npm/shim.ts");
    const readings = await npmReadings(name, args, file);
    if (readings !== undefined) guarded = await guardNpm(npmVariables, args, readings, env);
  } else {
    const { guardPnpm, pnpmAsksRegistry } = await import("../tools/pnpm/shim.ts");
    if (pnpmAsksRegistry(name, args)) guarded = await guardPnpm(name, npmVariables, args, env, file);
  }
  const [first, ...others] = guarded?.objections ?? [];
  for (const one of [...others, ...(guarded?.notes ?? [])]) complain(one);
  if (first !== undefined) throw first;
  return guarded?.env;
}

/** What pip needs besides; loaded only for a command that may be one of Python's. Throws `project_untrusted`. */
async function variablesOfPip(
  words: string[],
  env: Record<string, string | undefined>,
): Promise<Record<string, string>> {
  if (!mayBePython(words[0]!)) return {};
  return (await import("../tools/python/guard.ts")).guardCommand(words, env);
}

/** As quick/exec.ts leaves it: pip, uv, and an interpreter that may run pip, by whatever path. */
function mayBePython(command: string): boolean {
  return command.includes("pip") || command.includes("uv") || command.includes("python");
}

/** As quick/exec.ts leaves it: package managers without a shim that put variables into values of a project's files. */
function expandsVariables(command: string): boolean {
  return /^(yarn|yarnpkg|corepack|bun|bunx|deno|pdm|pipenv)$/.test(command.slice(command.lastIndexOf("/") + 1));
}

/**
 * twine's variables are given all or none, and only when the person has set none of their own. pip's index is given only
 * when the person has named none, by variable or in the file of PIP_CONFIG_FILE.
 */
async function variablesOf({ variables, twine = {} }: EnvironmentReply): Promise<Record<string, string>> {
  const own = [...Object.keys(twine), "TWINE_REPOSITORY"].some((name) => process.env[name] !== undefined);
  const given = own ? { ...variables } : { ...variables, ...twine };
  if (process.env["PIP_INDEX_URL"] || (await namesIndex(process.env["PIP_CONFIG_FILE"]))) delete given["PIP_INDEX_URL"];
  return given;
}

/** Whether a configuration file of pip's has an `index-url`. */
async function namesIndex(file: string | undefined): Promise<boolean> {
  if (!file) return false;
  const text = await Bun.file(file)
    .text()
    .catch(() => "");
  return /^[ \t]*(--)?index[-_]url[ \t]*[=:]/im.test(text);
}

/** What a job has in place of setup and agent: Cargo is told whom to ask, the helpers find the tokens. */
async function jobVariables(): Promise<Record<string, string>> {
  if (!process.env["VOUCH_IDENTITY"]) return {};
  const { jobTokenVariables } = await import("../agent/job/in-process.ts");
  return { ...cargoProviderVariable(process.env, process.execPath), ...jobTokenVariables() };
}

/** The words of the command: those after `--`, or from the first that is not an option. */
function commandOf(args: string[], env: Record<string, string | undefined>): string[] {
  const { rest, given } = takeJobOptions(args, env);
  if (given.length > 0 && !env["VOUCH_IDENTITY"]) throw usage(`${given[0]} goes with --identity NAME`);
  if (rest[0] === "--") return rest.slice(1);
  if (rest[0]?.startsWith("-")) throw usage(`unknown option ${rest[0]}`);
  return rest;
}

function usage(what: string): VouchError {
  return new VouchError("usage", `vouch exec: ${what}.`, {
    hint: "Usage: vouch exec [--identity NAME …] -- COMMAND [ARGUMENT …]. See `vouch exec --help`.",
  });
}
