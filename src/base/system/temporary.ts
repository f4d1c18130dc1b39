/**
 * Names of temporary files and folders that say which process made them, so that what a killed process (SIGKILL, power
 * cut) has left behind can be told from what is being written right now.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** After that a temporary file is abandoned whatever its process: process ids come again, host names change. */
const maxAgeMs = 24 * 60 * 60 * 1000;

/**
 * A new name that begins with a dot and the prefix: `.PREFIX-HOST-PID-RANDOM.tmp`. HOST is a hash, for home folders that
 * several machines or containers share: a process id means nothing on another one.
 */
export function temporaryName(prefix: string): string {
  return `.${prefix}-${host()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/**
 * Removes from the folder what processes that are gone have left there under a name of `temporaryName`: files with one
 * link and folders, of this user alone, whose process on this machine is dead, or that are older than a day. The caller
 * has none of its own there. What cannot be removed stays; nothing is thrown.
 */
export function removeAbandoned(folder: string, prefix: string): void {
  const start = `.${prefix}-`;
  for (const name of namesIn(folder)) {
    if (!name.startsWith(start)) continue;
    const [, madeOn, pid] = /^([0-9a-f]{8})-([1-9]\d{0,9})-[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length)) ?? [];
    if (madeOn === undefined) continue;
    const path = join(folder, name);
    try {
      const found = lstatSync(path);
      if (found.uid !== process.geteuid?.()) continue;
      if (!found.isDirectory() && !(found.isFile() && found.nlink === 1)) continue;
      const isOld = Math.abs(Date.now() - found.mtimeMs) > maxAgeMs;
      if (isOld || (madeOn === host() && isGone(Number(pid)))) rmSync(path, { recursive: true });
    } catch {
      // Removed by another process meanwhile, or the folder may not be written.
    }
  }
}

function host(): string {
  return new Bun.CryptoHasher("sha256").update(hostname()).digest("hex").slice(0, 8);
}

function isGone(pid: number): boolean {
  // In a container the id of the process before is often the id of this one.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    // ESRCH, or EPERM: the id is now another user's, who did not make our file.
    return true;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
