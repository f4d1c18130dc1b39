/**
 * Lowers the idle RSS: drops clean code pages with MADV_DONTNEED. They stay in the page cache and are mapped again on
 * use.
 */
import { readFileSync } from "node:fs";
import { openLibc } from "../../base/system/libc.ts";

/** madvise(2): drops unmodified pages of a mapped file. */
const MADV_DONTNEED = 4;

/** RSS below which nothing is dropped, in bytes. */
const limit = 48 << 20;

/** Drops the pages on Linux if the RSS is above the limit. Never throws. */
export function releaseCode(): void {
  if (process.platform !== "linux") return;
  try {
    // The runtime reads it from /proc, which needs a descriptor.
    if (process.memoryUsage.rss() <= limit) return;
    const { madvise } = openLibc({ madvise: { args: ["ptr", "u64", "i32"], returns: "i32" } });
    for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
      // Read-only code only: modified pages would be lost.
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r-xp .* (\/.*)$/.exec(line) ?? [];
      if (start === undefined || end === undefined || !line.endsWith(` ${process.execPath}`)) continue;
      const address = Number.parseInt(start, 16);
      madvise(address as Parameters<typeof madvise>[0], Number.parseInt(end, 16) - address, MADV_DONTNEED);
    }
  } catch {
    // Best effort.
  }
}
