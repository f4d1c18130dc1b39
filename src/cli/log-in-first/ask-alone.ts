/** Of many commands that need a session at the same time one asks for it; the others wait for what comes of that. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createAgentFolder } from "../../agent/process/folder.ts";
import { takeLock } from "../../agent/process/lock.ts";
import { lstat } from "../../agent/wire/client.ts";
import { agentFolder } from "../../agent/wire/socket.ts";
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
  const folder = agentFolder(lstat);
  createAgentFolder(folder);
  const path = join(folder, "login.lock");
  const deadline = performance.now() + patienceMs;
  let release = takeLock(path);
  const hasWaited = release === undefined;
  if (hasWaited) announce("Another command asks for PIN and touch already. Waiting for that login…");
  while (release === undefined) {
    if (performance.now() > deadline) return loginExit.none;
    await delay(pollMs);
    if (await isLoggedIn()) return loginExit.session;
    release = takeLock(path);
  }
  try {
    if (await isLoggedIn()) return loginExit.session;
    if (hasWaited) return readFileSync(path, "utf8") === refused ? loginExit.refused : loginExit.none;
    writeFileSync(path, "");
    await logIn();
    return loginExit.session;
  } catch (error) {
    if (error instanceof VouchError && error.code === "cancelled") writeFileSync(path, refused);
    throw error;
  } finally {
    release();
  }
}

/** What stands in the lock's file after a login that was cancelled. */
const refused = "refused";
