/**
 * Single instance lock, one agent per folder: flock(2) on a file beside the socket. The kernel releases it when the
 * process ends for any reason, so that no lock is ever stale.
 */
import { closeSync, constants, openSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { namesIn } from "../../base/system/folder-names.ts";
import { openLibc } from "../../base/system/libc.ts";
import { processInfo, type ProcessInfo } from "../../base/process/process-info.ts";

/** A container may write where a guest's lock is: no link is followed, and no pipe waited for. */
const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock and returns its release function; undefined if another process holds it. Throws the errors of opening
 * the file.
 */
export function takeLock(path: string): (() => void) | undefined {
  const libc = openLibc({ flock: { args: ["i32", "i32"], returns: "i32" } });
  const descriptor = openSync(path, openFlags, 0o600);
  const release = () => closeSync(descriptor);
  if (libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0) return release;
  release();
  return undefined;
}

/** Whether nobody holds the lock now; true also if its file cannot be opened, which the agent itself then reports. */
export function isLockFree(path: string): boolean {
  try {
    const release = takeLock(path);
    release?.();
    return release !== undefined;
  } catch {
    return true;
  }
}

/**
 * The process that holds the lock, by proc_locks(5), else one that has its file open; undefined if nobody does, and where
 * the system does not say (macOS, an undumpable process of another namespace).
 */
export function lockHolder(path: string): ProcessInfo | undefined {
  const pid = lockedBy(path) ?? openedBy(path);
  return pid === undefined ? undefined : processInfo(pid);
}

function lockedBy(path: string): number | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    // makedev(3) of Linux; the list has major and minor number in hexadecimal.
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
    const hex = (number: bigint) => number.toString(16).padStart(2, "0");
    const file = `${hex(major)}:${hex(minor)}:${ino}`;
    const lines = readFileSync("/proc/locks", "utf8").split("\n");
    const found = lines.map((line) => /^\d+: FLOCK +\S+ +\S+ +(\d+) (\S+) /.exec(line));
    const pid = found.find((match) => match?.[2] === file)?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}

function openedBy(path: string): number | undefined {
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`);
  const found = pids.find((pid) => namesIn(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === path));
  return found === undefined ? undefined : Number(found);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
