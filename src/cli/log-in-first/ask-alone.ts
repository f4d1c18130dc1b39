/** Of many commands that need a session at the same time one asks for it; the others wait for what comes of that. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createStateFolder } from "../../agent/process/folder.ts";
import { isLockFree, takeLock } from "../../agent/process/lock.ts";
import { VouchError } from "../../base/errors.ts";
import { loginExit } from "../../base/login-need.ts";
import { announce } from "../terminal/prompt.ts";

const pollMs = 100;
/** Longer than a prompt waits for its PIN, and then for the touch. */
const patienceMs = 7 * 60_000;

/**
 * Runs `logIn` unless another process does; returns an exit code of `loginExit`. What the person has refused to that one is
 * refused to all that have waited for it. Throws as `logIn`.
 */
export async function askAlone(isLoggedIn: () => Promise<boolean>, logIn: () => Promise<void>): Promise<number> {
  const path = lockPath();
  const deadline = performance.now() + patienceMs;
  let release = takeLock(path);
  const hasWaited = release === undefined;
  if (hasWaited) announce(waitingWords);
  while (release === undefined) {
    if (performance.now() > deadline) return loginExit.none;
    await delay(pollMs);
    if (await isLoggedIn()) return loginExit.session;
    release = takeLock(path);
  }
  try {
    if (await isLoggedIn()) return loginExit.session;
    if (hasWaited) return stateIn(path) === refused ? loginExit.refused : loginExit.none;
    writeFileSync(path, asking);
    await logIn();
    writeFileSync(path, "");
    return loginExit.session;
  } catch (error) {
    writeFileSync(path, error instanceof VouchError && error.code === "cancelled" ? refused : "");
    throw error;
  } finally {
    release();
  }
}

/**
 * Waits for the login that another process asks for now, for a command that would not ask itself; returns an exit code of
 * `loginExit`, undefined if nobody asks. `isSeen`: whether the person sees what this process says.
 */
export async function joinLogin(isLoggedIn: () => Promise<boolean>, isSeen: boolean): Promise<number | undefined> {
  const path = lockPath();
  // The login may have come since the command was told that there is none.
  if (!isAsked(path)) return (await isLoggedIn()) ? loginExit.session : undefined;
  if (isSeen) announce(waitingWords);
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await delay(pollMs)) {
    const isOver = !isAsked(path);
    if (await isLoggedIn()) return loginExit.session;
    if (isOver) return stateIn(path) === refused ? loginExit.refused : loginExit.none;
  }
  return loginExit.none;
}

/** What stands in the lock's file while a process asks, and after a login that was cancelled. */
const asking = "asking";
const refused = "refused";
const waitingWords = "Another command asks for PIN and touch already. Waiting for that login…";

function lockPath(): string {
  const folder = createStateFolder();
  return join(folder, "login.lock");
}

/** The lock is tried only where the file says that somebody asks: one that was killed has left that. */
function isAsked(path: string): boolean {
  return stateIn(path) === asking && !isLockFree(path);
}

function stateIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
