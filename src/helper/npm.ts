/**
 * `npm` and `npx` in the shims folder: adds the tokens of the configured npm endpoints to the environment, then
 * becomes the real command. npm has no helper protocol, but reads `npm_config_//HOST/PATH/:_authToken` from its
 * environment; no file ever holds the token.
 */
import { type EnvironmentReply, type EnvironmentRequest, routes } from "../agent/protocol.ts";
import { VouchError } from "../errors.ts";
import { ask } from "./ask.ts";
import type { Attempt } from "./attempt.ts";
import { complain, complainOf, exitWith } from "./output.ts";
import { becomeRealCommand } from "./real-command.ts";

/** Commands of npm that never reach a registry: they get no token, and neither do the scripts that they run. */
const localCommands =
  "-v --version -h --help bin completion config c explain why explore get help ls list la ll " +
  "pkg prefix query rebuild rb restart root run run-script rum urn set start stop test t tst version";

/** Becomes the real npm or npx; `left` is what quick/exec.ts has left. Without a session it says so in one line and goes on without a token. */
export async function runNpmShim(name: "npm" | "npx", args: string[], left: Attempt | undefined): Promise<number> {
  try {
    const variables = name === "npm" && isLocal(args) ? {} : await tokenVariables(left);
    return await becomeRealCommand(name, args, { ...process.env, ...variables });
  } catch (error) {
    exitWith(error);
  }
}

/** The variables with the tokens; none, and a line that says why, when there is no session. */
export async function tokenVariables(left?: Attempt): Promise<Record<string, string>> {
  try {
    const request: EnvironmentRequest = { format: "npm" };
    const { variables, failed } = await ask<EnvironmentReply>(routes.environment, request, left);
    complainOf(failed);
    return variables;
  } catch (error) {
    complain(VouchError.from(error));
    return {};
  }
}

function isLocal(args: string[]): boolean {
  return args[0] === undefined || localCommands.split(" ").includes(args[0]);
}
