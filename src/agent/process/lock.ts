/**
 * Single instance lock, one agent per folder: flock(2) on a file beside the socket. The kernel releases it when the
 * process ends for any reason, so that no lock is ever stale.
 */
import { closeSync, openSync } from "node:fs";
import { openLibc } from "../../base/system/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock and returns its release function; undefined if another process holds it. Throws the errors of opening
 * the file.
 */
export function takeLock(path: string): (() => void) | undefined {
  const libc = openLibc({ flock: { args: ["i32", "i32"], returns: "i32" } });
  const descriptor = openSync(path, "a", 0o600);
  const release = () => closeSync(descriptor);
  if (libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0) return release;
  release();
  return undefined;
}
