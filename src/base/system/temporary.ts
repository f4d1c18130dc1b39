/**
 * Temporary file names that identify their process, so that leftovers of a killed process (SIGKILL, power loss) can be
 * told from files in use.
 */
import { lstatSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { namesIn } from "./folder-names.ts";

/**
 * Age at which a temporary file counts as abandoned, whatever its process: process ids are reused, host names change.
 */
const maxAgeMs = 24 * 60 * 60 * 1000;

/**
 * A new name, `.PREFIX-HOST-PID-RANDOM.tmp`. HOST is a hash of the host name, for home folders shared by several
 * machines or containers: process ids are valid on one host only.
 */
export function temporaryName(prefix: string): string {
  return `.${prefix}-${host()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/**
 * Removes abandoned temporary files and folders named by `temporaryName` from the folder: owned by this user, files
 * with one link only, and either their process on this machine is dead or they are older than a day. The caller must
 * have none of its own there. Errors are ignored.
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
      // Removed by another process meanwhile, or the folder is not writable.
    }
  }
}

/** A hash of the host name: eight hex digits. */
export function host(): string {
  return new Bun.CryptoHasher("sha256").update(hostname()).digest("hex").slice(0, 8);
}

function isGone(pid: number): boolean {
  // In a container, consecutive processes often have the same id.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    // ESRCH, or EPERM: another user's process has reused the id.
    return true;
  }
}
