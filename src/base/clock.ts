/** The clocks that measure a session, injected by tests. */
import { uptime } from "node:os";

export interface Clock {
  /** The wall clock: milliseconds since 1970. Users can set it, forwards and back. */
  now(): number;
  /** Monotonic clock: milliseconds since boot, including sleep. */
  elapsed(): number;
  /** Monotonic clock that stops while the machine sleeps: milliseconds since some moment. */
  awake(): number;
}

/** Uptime minus `performance.now()`, in milliseconds; `null` while the uptime is readable. */
let behind: number | null = null;
let lastUptime: { ms: number; at: number } | undefined;

/**
 * The uptime, in milliseconds. The runtime reads it from /proc, which may be missing, or unreadable when the process is
 * out of file descriptors. From then on `performance.now()` is the fallback, which stops while the machine sleeps; the
 * wall clock does not.
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
  awake: () => performance.now(),
};
