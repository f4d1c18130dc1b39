/**
 * Gives back the pages of the executable's code that starting and logging in have touched: they stay in the system's
 * page cache and come back by themselves when they are needed, but an agent that waits holds on to none of them.
 */
import { readFileSync } from "node:fs";
import { openLibc } from "../../base/system/libc.ts";

/** madvise(2): on unchanged pages of a file, forgets them. */
const MADV_DONTNEED = 4;

/** What an agent that waits may take, in bytes. */
const limit = 48 << 20;

/** Does so on Linux, when the process takes more than it should. Throws nothing. */
export function releaseCode(): void {
  if (process.platform !== "linux") return;
  try {
    // The runtime reads it from /proc, which needs a descriptor.
    if (process.memoryUsage.rss() <= limit) return;
    const { madvise } = openLibc({ madvise: { args: ["ptr", "u64", "i32"], returns: "i32" } });
    for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
      // Code only: what is written to, or was before it was protected, would be lost.
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) r-xp .* (\/.*)$/.exec(line) ?? [];
      if (start === undefined || end === undefined || !line.endsWith(` ${process.execPath}`)) continue;
      const address = Number.parseInt(start, 16);
      madvise(address as Parameters<typeof madvise>[0], Number.parseInt(end, 16) - address, MADV_DONTNEED);
    }
  } catch {
    // Then it goes on with what it has.
  }
}
