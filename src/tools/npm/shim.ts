/**
 * `npm` and `npx` in the shims folder: asks for the tokens of the configured npm endpoints, hands them to the real command
 * (hand-over/) and becomes it. npm has no helper protocol; no file on a disk ever holds a token. guard/ checks the project
 * first.
 */
import type { Environment } from "../../base/environment.ts";
import { type EnvironmentReply, routes } from "../../agent/protocol.ts";
import type { EnvironmentRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import type { Purpose } from "../../base/purpose.ts";
import { ask } from "../../helper/ask.ts";
import { answerAccountCommand, concernsAccount } from "./account.ts";
import { type NpmCommand, readCommand, valuesOf } from "./command-line/commands.ts";
import type { Guarded } from "./guard/guard.ts";
import { isOfExec, withoutOuter } from "./hand-over/outer.ts";
import type { OneShot } from "../../helper/one-shot.ts";
import { isProgramOfProject } from "./local-program.ts";
import { PublishingRefused } from "../../helper/publishing-refused.ts";
import { npmPurpose } from "./command-line/purpose.ts";
import { complain, complainBefore, complainOf, exitWith } from "../../helper/output.ts";
import { becomeRealCommand, findRealCommand } from "../../helper/real-command.ts";

/** Becomes the real npm or npx. Without a session it warns in one line and continues without a token. */
export async function runNpmShim(name: "npm" | "npx", args: string[]): Promise<number> {
  try {
    const file = findRealCommand(name);
    const { env, shot } = await npmStart(name, args, file);
    if (file !== undefined && shot !== undefined) return await shot.become(file, args, env);
    return await becomeRealCommand(name, file, args, env);
  } catch (error) {
    exitWith(error);
  }
}

async function npmStart(name: "npm" | "npx", args: string[], file: string | undefined): Promise<Start> {
  const env = await withoutOuter(process.env);
  const read = readCommand(name, args);
  // npm 12 has no `adduser` any more.
  const account = read.find(({ command }) => concernsAccount(command));
  if (account !== undefined) await answerForAccount(account);
  const readings = await registryReadings(read, file);
  if (readings === undefined) return { env };
  const purpose = npmPurpose(readings);
  const variables = await tokenVariables(name, purpose, async (failed) => needsToken(readings, env, failed));
  const guarded = await guardNpm(variables, args, readings, env);
  for (const one of [...guarded.objections, ...guarded.notes]) complain(one);
  if (guarded.bare === undefined || file === undefined || isOfExec(env)) return { env: guarded.env };
  const { pipeToNpm } = await import("./hand-over/npm.ts");
  return pipeToNpm(file, { env, variables, readings, purpose, guarded });
}

/** What the real npm is started with. */
interface Start {
  env: Environment;
  shot?: OneShot;
}

/** How the versions of npm read the arguments; undefined if npm contacts no registry. `file` is the real npm. */
export async function npmReadings(
  name: "npm" | "npx",
  args: string[],
  file: string | undefined,
): Promise<NpmCommand[] | undefined> {
  return registryReadings(readCommand(name, args), file);
}

/** The readings; undefined if one of the versions contacts no registry. */
async function registryReadings(readings: NpmCommand[], file: string | undefined): Promise<NpmCommand[] | undefined> {
  const asks = readings.every(({ asksRegistry }) => asksRegistry) && !(await isProgramOfProject(readings, file));
  return asks ? readings : undefined;
}

/** The environment for npm with the tokens in `variables`, and the guard's objections. */
export async function guardNpm(
  variables: Record<string, string>,
  args: string[],
  readings: NpmCommand[],
  env: Environment,
): Promise<Guarded> {
  const publishes = readings.some(({ command }) => command === "publish" || command === "stage" || command === "pack");
  const folders = [...valuesOf(readings, "prefix"), ...valuesOf(readings, "workspace")];
  const userConfigs = valuesOf(readings, "userconfig");
  const { guard } = await import("./guard/guard.ts");
  return guard({ tool: "npm", variables, args, folders, userConfigs, publishes, env });
}

/** For a command that CodeArtifact does not support: throws with Vouch's replacement, or warns. */
async function answerForAccount({ command = "", given }: NpmCommand): Promise<void> {
  const registry = given.get("registry")?.at(-1);
  const line = await answerAccountCommand("npm", command, { registry, scope: given.get("scope")?.at(-1) });
  if (line !== undefined) complain(line);
}

/**
 * Whether what the command publishes certainly goes to an endpoint, to one of `failed` if given, however the versions of npm
 * read it.
 */
async function needsToken(
  readings: readonly NpmCommand[],
  env: Environment,
  failed: readonly string[] | undefined,
): Promise<boolean> {
  if (["prefix", "workspace", "workspaces"].some((option) => readings.some(({ given }) => given.has(option))))
    return false;
  const registries = valuesOf(readings, "registry");
  const { needsTokenOf, publishRegistries } = await import("./registry-of-command.ts");
  const asked = readings.map(async ({ command = "", words }) =>
    needsTokenOf(publishRegistries({ command, words, registries }, env), failed),
  );
  return (await Promise.all(asked)).every((needs) => needs);
}

/**
 * The variables with the tokens for the command of that name; none, with a warning, if there is no session. Throws
 * `PublishingRefused` if `needs` says that the command needs the token that a touch did not lead to: of every endpoint, or
 * of those that it is given.
 */
export async function tokenVariables(
  name: string,
  purpose: Purpose,
  needs?: (failed: readonly string[] | undefined) => Promise<boolean>,
): Promise<Record<string, string>> {
  const plain: EnvironmentRequest = { format: "npm", failures: "all" };
  const request: EnvironmentRequest = purpose === "read" ? plain : { ...plain, purpose };
  const askAgent = async (): Promise<EnvironmentReply> =>
    purpose === "read"
      ? ask(routes.environment, request)
      : (await import("../../helper/touch.ts")).askWithTouch(routes.environment, request, { format: "npm" });
  let reply: EnvironmentReply;
  try {
    reply = await askAgent().catch(async (error: unknown) => {
      const { askAgain } = await import("../../helper/login.ts");
      return askAgain(error, { by: "shim", name, format: "npm" }, askAgent);
    });
  } catch (error) {
    if (error instanceof PublishingRefused && (await needs?.(undefined)) === true) throw error;
    complainBefore(name, VouchError.from(error));
    return {};
  }
  const { variables, failed = [] } = reply;
  const untouched = failed.filter(({ error }) => error.code === "touch_needed");
  const endpoints = untouched.map(({ endpoint }) => endpoint);
  if (endpoints.length > 0 && (await needs?.(endpoints)) === true) {
    throw new PublishingRefused(VouchError.fromWire(untouched[0]!.error));
  }
  complainOf(failed, name);
  return variables;
}
