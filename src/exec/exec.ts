/**
 * `vouch exec [--identity NAME …] -- CMD`: runs a command with the tokens of every configured repository in its
 * environment.
 */
import { checkOf, mayBePython } from "./checked-commands.ts";
import type { Environment } from "../base/environment.ts";
import { type EnvironmentReply, routes } from "../agent/protocol.ts";
import type { EnvironmentRequest } from "../agent/requests.ts";
import { VouchError } from "../base/errors.ts";
import type { Purpose } from "../base/purpose.ts";
import { findOnPath } from "../base/system/path.ts";
import { ask } from "../helper/ask.ts";
import type { Attempt } from "../helper/attempt.ts";
import { takeJobOptions } from "../helper/job-options.ts";
import { concealTokens } from "../tools/npm/guard/token-variables.ts";
import type { Upload } from "../tools/python/upload.ts";
import { complain, complainOf, exitWith } from "../helper/output.ts";
import { become } from "../helper/real-command.ts";
import { cargoProviderVariable } from "./variables.ts";

/**
 * Replaces the process by the command, which sets the exit code; `left` is what the first stage has done. Exits with 4 without
 * a session, with 127 if there is no such command.
 */
export async function runExec(args: string[], left: Attempt | undefined): Promise<number> {
  try {
    const { words, publishes } = commandOf(args, process.env);
    const [command, ...rest] = words;
    if (command === undefined) throw usage("a command is missing");
    let upload: Upload | undefined;
    let reply = await askEnvironment(left).catch((error: unknown) => askAfterLogin(error, command));
    if (reply.hasPublishRole && (publishes || (await purposeOf(command, rest)) === "publish")) {
      const request: EnvironmentRequest = { purpose: "publish", failures: "all" };
      const { askWithTouch } = await import("../helper/touch.ts");
      const shown = (await import("./shown-command.ts")).shownCommand(words);
      const start = shown === undefined ? {} : { command: shown };
      const forPublishing = await askWithTouch(routes.environment, request, start);
      upload = await uploadOfTwine(command, rest, forPublishing);
      // twine's password is then the only token to publish with.
      if (upload === undefined) reply = forPublishing;
    }
    const file = command.includes("/") ? command : findOnPath(command, process.env);
    complainOf(reply.failed);
    if (file === undefined) throw new VouchError("command_not_found", `${command} is not on PATH.`);
    const env = { ...process.env, ...(await jobVariables()) };
    const ofNpm = await packageManagerEnvironment(file, rest, reply.variables, env);
    if (ofNpm !== undefined) return await become(file, rest, ofNpm);
    const given = { ...env, ...concealTokens(await variablesOf(reply)) };
    if (/^(javascript|python|nuget)$/.test(checkOf(command) ?? ""))
      await (await import("./project-files.ts")).guardProject(command, rest, given);
    const whole = { ...given, ...(await variablesOfPip([command, ...rest], given)) };
    if (upload === undefined) return await become(file, rest, whole);
    return await (await import("../tools/twine/hand-over.ts")).becomeTwine(file, rest, upload, whole);
  } catch (error) {
    exitWith(error);
  }
}

/** Has the person log in before the command starts. Throws the error if nobody can be asked, or nobody is there. */
async function askAfterLogin(error: unknown, command: string): Promise<EnvironmentReply> {
  const { askAgain } = await import("../helper/login.ts");
  const name = command.slice(command.lastIndexOf("/") + 1);
  return askAgain(error, { by: "shim", name }, () => askEnvironment(undefined));
}

/** The agent's reply; where a token is missing, with the reasons, also those that were reported a moment ago. */
async function askEnvironment(left: Attempt | undefined): Promise<EnvironmentReply> {
  // As the first stage asks, so that most replies are those that the agent remembers.
  const plain: EnvironmentRequest = {};
  const reply = await ask(routes.environment, plain, left);
  const { variables, expiration, failed } = reply;
  if (failed !== undefined || expiration !== undefined || Object.keys(variables).length === 0) return reply;
  const whole: EnvironmentRequest = { failures: "all" };
  return ask(routes.environment, whole);
}

/**
 * The environment for npm and pnpm commands that contact a registry: the variables they read and no others; no token if
 * the project's files could send it elsewhere. Undefined for other commands. Throws `project_untrusted`.
 */
async function packageManagerEnvironment(
  file: string,
  args: string[],
  variables: Record<string, string>,
  env: Environment,
): Promise<Environment | undefined> {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const check = checkOf(file);
  if (check !== "npm" && check !== "pnpm") return undefined;
  const npmVariables = Object.fromEntries(Object.entries(variables).filter(([key]) => key.startsWith("npm_config_//")));
  let guarded;
  if (check === "npm") {
    const { guardNpm, npmReadings } = await import("../tools/npm/shim.ts");
    const readings = await npmReadings(name === "npx" ? name : "npm", args, file);
    if (readings !== undefined) guarded = await guardNpm(npmVariables, args, readings, env);
  } else {
    const { guardPnpm, pnpmAsksRegistry } = await import("../tools/pnpm/shim.ts");
    const { pnpmVersion } = await import("../tools/pnpm/version.ts");
    if (pnpmAsksRegistry(name, args)) {
      guarded = await guardPnpm(name, npmVariables, args, env, await pnpmVersion(file, env));
    }
  }
  const [first, ...others] = guarded?.objections ?? [];
  for (const one of [...others, ...(guarded?.notes ?? [])]) complain(one);
  if (first !== undefined) throw first;
  return guarded?.env;
}

/** Additional variables for pip; loaded only for commands that may run Python. Throws `project_untrusted`. */
async function variablesOfPip(words: string[], env: Environment): Promise<Record<string, string>> {
  if (!mayBePython(words[0]!)) return {};
  return (await import("../tools/python/guard/guard.ts")).guardCommand(words, env);
}

/**
 * Sets all of twine's variables or none, and none if the user has set one. Sets pip's index only if the user has none,
 * by variable or in PIP_CONFIG_FILE.
 */
async function variablesOf({ variables, twine = {} }: EnvironmentReply): Promise<Record<string, string>> {
  const own = [...Object.keys(twine), "TWINE_REPOSITORY"].some((name) => process.env[name] !== undefined);
  const given = own ? { ...variables } : { ...variables, ...twine };
  if (process.env["PIP_INDEX_URL"] || (await namesIndex(process.env["PIP_CONFIG_FILE"]))) delete given["PIP_INDEX_URL"];
  return given;
}

/** Whether one of pip's configuration files sets `index-url`. */
async function namesIndex(file: string | undefined): Promise<boolean> {
  if (!file) return false;
  const text = await Bun.file(file)
    .text()
    .catch(() => "");
  return /^[ \t]*(--)?index[-_]url[ \t]*[=:]/im.test(text);
}

/** What twine uploads by, if the command is one that does so with Vouch's own password. */
async function uploadOfTwine(
  command: string,
  args: string[],
  { twine }: EnvironmentReply,
): Promise<Upload | undefined> {
  if (twine === undefined || !/(^|\/)twine$/.test(command)) return undefined;
  return (await import("../tools/twine/hand-over.ts")).uploadByVariables(args, twine, process.env);
}

/** A job's replacement for setup and agent: Cargo's provider list, and the tokens for the helpers. */
async function jobVariables(): Promise<Record<string, string>> {
  if (!process.env["VOUCH_IDENTITY"]) return {};
  const { jobTokenVariables } = await import("../agent/job/in-process.ts");
  return { ...cargoProviderVariable(process.env, process.execPath), ...jobTokenVariables() };
}

/** The command: the arguments after `--`, or from the first that is not an option; and whether it is said to publish. */
function commandOf(args: string[], env: Environment): { words: string[]; publishes: boolean } {
  const [first, ...more] = args;
  if (first === "--publish") return { ...commandOf(more, env), publishes: true };
  const { rest, given } = takeJobOptions(args, env, "vouch exec");
  if (given.length > 0 && !env["VOUCH_IDENTITY"]) {
    const without = "without it the command gets the tokens of every repository that is set up";
    throw usage(`${given[0]} goes with --identity NAME; ${without}`);
  }
  if (rest[0] === "--") return { words: rest.slice(1), publishes: false };
  if (rest[0] === "--publish") return { ...commandOf(rest, env), publishes: true };
  if (rest[0]?.startsWith("-")) throw usage(`unknown option ${rest[0]}`);
  return { words: rest, publishes: false };
}

async function purposeOf(command: string, args: string[]): Promise<Purpose> {
  return (await import("../tools/publishing.ts")).purposeOf(command, args);
}

function usage(what: string): VouchError {
  return new VouchError("usage", `vouch exec: ${what}.`, {
    hint: "Usage: vouch exec [--publish] [--identity NAME …] -- COMMAND [ARGUMENT …]. See `vouch exec --help`.",
  });
}
