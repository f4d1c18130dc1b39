/** Waits for a login in another terminal, while a package manager waits for its helper. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createStateFolder } from "../../agent/process/folder.ts";
import { takeLock } from "../../agent/process/lock.ts";
import { loginExit, type LoginRequest } from "../../base/login-need.ts";
import { writeFileAtomic } from "../../base/system/atomic-write.ts";
import { processInfo } from "../../base/process/process-info.ts";
import { announce } from "../terminal/prompt.ts";

const pollMs = 250;
const defaultPatienceMs = 2 * 60_000;

/**
 * Says once for all that wait to run the command, and waits for two minutes; returns an exit code of `loginExit`. A
 * package manager that was waited for in vain gets its error at once for its further questions.
 */
export async function waitForLogin(
  { name, holder }: Pick<LoginRequest, "name" | "holder">,
  command: string,
  isLoggedIn: () => Promise<boolean>,
  patienceMs = defaultPatienceMs,
): Promise<number> {
  const folder = createStateFolder();
  const waited = join(folder, "login.waited");
  const mark = `${holder} ${processInfo(holder)?.startedAt ?? ""}`;
  if (markIn(waited) === mark) return loginExit.none;
  const release = takeLock(join(folder, "login.notice"));
  try {
    if (release !== undefined) {
      announce(`Not logged in. Run \`${command}\` in another terminal; ${name} waits for it for two minutes.`);
    }
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await delay(pollMs)) {
      if (await isLoggedIn()) return loginExit.session;
    }
    writeFileAtomic(waited, mark, { mode: 0o600 });
    return loginExit.none;
  } finally {
    release?.();
  }
}

function markIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
