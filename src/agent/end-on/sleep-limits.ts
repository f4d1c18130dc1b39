/**
 * What the agent's end may take at most, in milliseconds, one after the other: from logind's `PrepareForSleep` until the
 * delay lock is released. In all it is less than `InhibitDelayMaxSec` of logind.conf(5), five seconds by default.
 */
export const sleepLimitsMs = {
  /** The server is told that the session has ended. */
  revoke: 2_000,
  /** Pending answers are sent. */
  drain: 1_500,
  /** The record is written, where it is kept. */
  flush: 500,
} as const;
