/** The two clocks that a session is measured by, given from outside by tests. */
import { uptime } from "node:os";

export interface Clock {
  /** The wall clock: milliseconds since 1970. It can be set, forwards and back. */
  now(): number;
  /** Milliseconds since the machine was started, sleep included. It cannot be set. */
  elapsed(): number;
}

/** What `performance.now()` is behind the uptime by, in milliseconds; `null` while the uptime can be read. */
let behind: number | null = null;
let lastUptime: { ms: number; at: number } | undefined;

/**
 * The uptime, in milliseconds. The runtime reads it from /proc, which may be missing, or out of reach when the process
 * has no descriptor left; from then on the runtime's own clock goes on from there. It stands still while the machine
 * sleeps, which the wall clock does not.
 */
function uptimeMs(): number {
  if (behind === null) {
    try {
      const ms = uptime() * 1000;
      lastUptime = { ms, at: performance.now() };
      return ms;
    } catch {
      behind = lastUptime === undefined ? 0 : lastUptime.ms - lastUptime.at;
    }
  }
  return performance.now() + behind;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: uptimeMs,
};
