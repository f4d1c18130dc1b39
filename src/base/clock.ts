/** The clocks that measure a session, injected by tests. */
import { uptime } from "node:os";
import { openLibc } from "./system/libc.ts";

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

/** `time.h`: the clocks of Linux and macOS that stop while the machine sleeps. */
const CLOCK_MONOTONIC = 1;
const CLOCK_UPTIME_RAW = 8;

let readAwake: (() => number) | undefined;

/** The clock by clock_gettime(2), in milliseconds: what `performance.now()` does in a sleep is the runtime's choice. */
function awakeClock(): () => number {
  try {
    const { clock_gettime } = openLibc({ clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
    const clock = process.platform === "darwin" ? CLOCK_UPTIME_RAW : CLOCK_MONOTONIC;
    const time = new BigInt64Array(2);
    return () => {
      if (clock_gettime(clock, time) !== 0) throw new Error("expected a clock of the system");
      return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
    };
  } catch {
    return () => performance.now();
  }
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: uptimeMs,
  awake: () => (readAwake ??= awakeClock())(),
};
