/**
 * One agent for one folder. The lock is flock(2) on a file beside the socket: the kernel gives it to one process and
 * takes it back when that process ends, however it ends, so there is no stale lock to guess about.
 */
import { closeSync, openSync } from "node:fs";
import { openLibc } from "../../base/system/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock and returns what gives it back; undefined when another process holds it.
 * Throws what opening the file throws.
 */
export function takeLock(path: string): (() => void) | undefined {
  const libc = openLibc({ flock: { args: ["i32", "i32"], returns: "i32" } });
  const descriptor = openSync(path, "a", 0o600);
  const release = () => closeSync(descriptor);
  if (libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0) return release;
  release();
  return undefined;
}
