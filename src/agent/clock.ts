/** The two clocks that a session is measured by, given from outside by tests. */
import { uptime } from "node:os";

export interface Clock {
  /** The wall clock: milliseconds since 1970. It can be set, forwards and back. */
  now(): number;
  /** Milliseconds since the machine was started, sleep included. It cannot be set. */
  elapsed(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => uptime() * 1000,
};
