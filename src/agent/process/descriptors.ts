/** The limit on file descriptors, and how many of them connections may use. */
import { readFileSync } from "node:fs";

/** Descriptors reserved for everything else: libraries, lock, socket, files, upstream requests. */
const reserve = 16;
/** Default if the limit is unknown: that of a macOS login session. */
const usualLimit = 256;

/** How many connections may be open before idle ones are closed. */
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
