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

/** The clocks of `time.h` that count sleep and those that stop in it; macOS has its `mach_continuous_time` as the first. */
const CLOCK_BOOTTIME = 7;
const CLOCK_MONOTONIC = 1;
const darwin = { CLOCK_MONOTONIC_RAW: 4, CLOCK_UPTIME_RAW: 8 } as const;

/** What the clocks are read by, in milliseconds, once they have been. */
let readers: Pick<Clock, "elapsed" | "awake"> | undefined;

/**
 * The clocks by clock_gettime(2). The runtime has none that is sure to count sleep: `performance.now()` stops in one, and
 * `os.uptime()` is in whole seconds, on macOS by the wall clock. It is the fallback where the C library cannot be opened.
 */
function openClocks(): Pick<Clock, "elapsed" | "awake"> {
  try {
    const { clock_gettime } = openLibc({ clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
    const time = new BigInt64Array(2);
    const reader = (clock: number) => (): number => {
      if (clock_gettime(clock, time) !== 0) throw new Error("expected a clock of the system");
      return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
    };
    const isDarwin = process.platform === "darwin";
    const elapsed = reader(isDarwin ? darwin.CLOCK_MONOTONIC_RAW : CLOCK_BOOTTIME);
    const awake = reader(isDarwin ? darwin.CLOCK_UPTIME_RAW : CLOCK_MONOTONIC);
    elapsed();
    awake();
    return { elapsed, awake };
  } catch {
    return { elapsed: () => uptime() * 1000, awake: () => performance.now() };
  }
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => (readers ??= openClocks()).elapsed(),
  awake: () => (readers ??= openClocks()).awake(),
};
