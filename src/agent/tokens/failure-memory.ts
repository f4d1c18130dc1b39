/** What is remembered of a fetch that failed: whom it answers in place of a new try, for how long, in which words. */
import { VouchError } from "../../base/errors.ts";
import { secondsInWords } from "../../base/duration.ts";

/** Times in milliseconds of a monotonic clock. */
export interface Failure {
  error: unknown;
  at: number;
  /** How long the fetch took. */
  spent: number;
  /** How many fetches in a row found nobody; 0 if somebody answered. */
  unreachable: number;
}

/** Minimum hold of a failure; otherwise as long as the fetch took. */
const holdMs = 1_000;
/** Minimum hold after a fetch that found nobody, and the limit to which it doubles for tries that nobody waits for. */
const unreachableHoldMs = 5_000;
const maxUnreachableHoldMs = 60_000;
/** How long a failure is served at once to callers that can do without the value. */
const memoryMs = 5 * 60_000;

/** The failure of a fetch that began at `begun`, after `previous`. */
export function failureOf(error: unknown, previous: Failure | undefined, begun: number, now: number): Failure {
  const unreachable = isUnreachable(error) ? (previous?.unreachable ?? 0) + 1 : 0;
  return { error, at: now, spent: now - begun, unreachable };
}

/**
 * How much longer callers that need the value get the failure instead of a new try. Does not grow from failure to
 * failure: the network may be back.
 */
export function heldMs({ at, spent, unreachable }: Failure, now: number): number {
  return at + Math.max(unreachable > 0 ? unreachableHoldMs : holdMs, spent) - now;
}

/** How much longer no try is made that nobody waits for. */
export function restsMs(failure: Failure, now: number): number {
  const { at, unreachable } = failure;
  const grown = unreachable > 0 ? Math.min(maxUnreachableHoldMs, unreachableHoldMs * 2 ** (unreachable - 1)) : 0;
  return Math.max(heldMs(failure, now), at + grown - now);
}

/** Whether callers that can do without the value get the failure at once. */
export function isRemembered({ at }: Failure, now: number): boolean {
  return now - at < memoryMs;
}

/** The error while the failure is held for `ms` more milliseconds: its hint names the next try. */
export function heldError({ error, unreachable }: Failure, ms: number): unknown {
  if (unreachable === 0 || !(error instanceof VouchError)) return error;
  const next = `The next try is possible in ${secondsInWords(Math.ceil(ms / 1000) * 1000)}.`;
  return new VouchError(error.code, error.message, {
    hint: error.hint === undefined ? next : `${error.hint} ${next}`,
    cause: error,
  });
}

/** Whether nobody answered: what failed may work as soon as the network does. */
function isUnreachable(error: unknown): boolean {
  return error instanceof VouchError && (error.code === "network" || error.code === "timeout");
}
