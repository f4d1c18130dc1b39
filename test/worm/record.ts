/** Whether what a worm has asked of the agent stands in `vouch log`, with the process that asked. */
import type { RecordEntry } from "../../src/agent/wire/reply-parts.ts";

/** What a worm counts of its own asks. */
export interface Asks {
  /** Its process, and the one above it. */
  pid: number;
  parent: number;
  /** Questions by its own hand, and those of them that were answered with 200. */
  raw: number;
  answered: number;
  /** Programs (helpers, shims) that said a token or credentials. */
  given: number;
}

/** The entries in what `vouch log --json` prints. */
export function parseLog(printed: string): RecordEntry[] {
  return printed
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as RecordEntry);
}

/** How many asks are missing in the log: of all, or of those that gave something. */
export function countMissing(log: readonly RecordEntry[], asks: Asks, which: "all" | "answered"): number {
  const sum = (holds: (entry: RecordEntry) => boolean) =>
    log.filter(holds).reduce((total, { count }) => total + count, 0);
  const isMeant = ({ outcome }: RecordEntry) => which === "all" || outcome === "ok";
  const own = sum((entry) => isMeant(entry) && entry.askers[0]?.pid === asks.pid);
  // A program below the worm, or beside it (CLONE_PARENT).
  const programs = sum(({ outcome, askers: [asker, ...above] }) => {
    const isBelow = above.some(({ pid }) => pid === asks.pid);
    return outcome === "ok" && asker?.pid !== asks.pid && (isBelow || above[0]?.pid === asks.parent);
  });
  return Math.max(0, (which === "all" ? asks.raw : asks.answered) - own) + Math.max(0, asks.given - programs);
}
