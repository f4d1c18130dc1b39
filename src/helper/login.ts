/**
 * What a helper or shim does for want of a session: a process of the command line asks the person, or says what to do and
 * waits; then the question is asked again. Loaded when a question has failed.
 */
import { isAutomated } from "../base/automation.ts";
import { VouchError } from "../base/errors.ts";
import { loginArgument, loginExit, type LoginNeed, type LoginRequest } from "../base/login-need.ts";
import { hasTerminal, isTerminal } from "../base/process/controlling-terminal.ts";
import { findPinentry } from "../base/system/pinentry-program.ts";

/** They reach the process that asks, too; its exit code says what they have led to. */
const signalsOfTerminal = ["SIGINT", "SIGQUIT"] as const;

/**
 * Whether there is a session now, after an error that says that there was none. Ends the process with 130 if it is a shim
 * and the person has refused: nothing foreign is started.
 */
async function hasLoggedIn(error: unknown, need: LoginNeed): Promise<boolean> {
  if (!(error instanceof VouchError) || !/^(login_needed|session_expired)$/.test(error.code)) return false;
  if (isAutomated(process.env) || !(hasTerminal() || findPinentry(process.env) !== undefined)) return false;
  const profile = /`vouch login --for ([\w.-]+)`/.exec(error.hint ?? "")?.[1];
  const request: LoginRequest = {
    ...need,
    by: need.by === "shim" && isBelowPackageManager() ? "helper" : need.by,
    readsTerminal: isTerminal(0),
    writesTerminal: isTerminal(2),
    holder: process.ppid,
    ...(profile === undefined ? {} : { profile }),
  };
  const exitCode = await run(request);
  if (exitCode === loginExit.refused && need.by === "shim") process.exit(exitCode);
  return exitCode === loginExit.session;
}

/** The name that this shim has been started by. */
export function shimName(): string {
  return process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
}

/** Asks again, once there is a session. Throws the error if there is none, and as `ask`. */
export async function askAgain<T>(error: unknown, need: LoginNeed, ask: () => Promise<T>): Promise<T> {
  if (await hasLoggedIn(error, need)) return ask();
  throw error;
}

async function run(request: LoginRequest): Promise<number> {
  const passOver = (): void => {};
  for (const signal of signalsOfTerminal) process.on(signal, passOver);
  try {
    const child = Bun.spawn([process.execPath, loginArgument], {
      argv0: "vouch",
      stdin: new TextEncoder().encode(JSON.stringify(request)),
      stdout: "ignore",
      stderr: "inherit",
    });
    const end = (): void => child.kill("SIGTERM");
    process.on("SIGTERM", end);
    const exitCode = await child.exited;
    process.off("SIGTERM", end);
    return child.signalCode === null ? exitCode : loginExit.refused;
  } finally {
    for (const signal of signalsOfTerminal) process.off(signal, passOver);
  }
}

/**
 * Whether a package manager has started this shim: what it runs and prints could ask for a PIN in the same words. Its
 * scripts inherit the variable of a shim or of `vouch exec`, or one of npm's or Cargo's.
 */
function isBelowPackageManager(): boolean {
  const { VOUCH_SHIM_TRAIL, npm_lifecycle_event, CARGO_MANIFEST_DIR } = process.env;
  const [shim] = VOUCH_SHIM_TRAIL?.split(":") ?? [];
  return (shim !== undefined && shim !== `${process.pid}`) || Boolean(npm_lifecycle_event || CARGO_MANIFEST_DIR);
}
