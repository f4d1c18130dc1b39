/** How many descriptors this process may have, and how many of them connections may take. */
import { readFileSync } from "node:fs";

/** What the process needs besides: libraries, the lock, the socket, files that are read, requests to the upstream. */
const reserve = 16;
/** The limit where the system does not say it: that of a macOS login session. */
const usualLimit = 256;

/** How many connections may be open at the same time before those on which nothing is asked have to go. */
export function connectionLimit(): number {
  return Math.max(4, openFilesLimit() - reserve);
}

/** RLIMIT_NOFILE, the soft one. */
function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? usualLimit : Number(soft);
  } catch {
    return usualLimit;
  }
}
