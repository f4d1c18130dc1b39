import type { EndReason } from "../wire/reply-parts.ts";

/** What the agent's end may take at most, in milliseconds, one after the other. */
interface EndLimits {
  drain: number;
  flush: number;
}

/**
 * From logind's `PrepareForSleep` until the delay lock is released. In all it is less than `InhibitDelayMaxSec` of
 * logind.conf(5), five seconds by default.
 */
export const sleepLimitsMs = {
  /** The server is told that the session has ended. */
  revoke: 2_000,
  /** Pending answers are sent. */
  drain: 1_500,
  /** The record is written, where it is kept. */
  flush: 500,
} as const;

/** The limits of any other end, for which nothing waits. */
const limitsMs: EndLimits = { drain: 2_000, flush: 2_000 };

/** The limits of an end for these reasons: those of a sleep if it ended a session. */
export function endLimitsMs(reasons: readonly EndReason[]): EndLimits {
  return reasons.includes("suspended") ? sleepLimitsMs : limitsMs;
}
