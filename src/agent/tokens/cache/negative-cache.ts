/**
 * Negative cache: a failed fetch answers callers in place of a new one, for a time that depends on whether they need the
 * value. Background fetches back off exponentially.
 */
import { VouchError } from "../../../base/errors.ts";
import { secondsInWords } from "../../../base/words/duration.ts";

/** Times in milliseconds of a monotonic clock. */
export interface Failure {
  error: unknown;
  at: number;
  /** How long the fetch took. */
  spent: number;
  /** How many fetches in a row ended without an answer; 0 if there was one. */
  unreachable: number;
}

/** Minimum cache time for callers that need the value; it is as long as the fetch took if that is longer. */
const minCacheMs = 1_000;
/** The same after a connection failure or timeout; also the first backoff of background fetches, and its limit. */
const unreachableCacheMs = 5_000;
const maxBackoffMs = 60_000;
/** Cache time for callers that can do without the value. */
const optionalCacheMs = 5 * 60_000;

/** The failure of a fetch that began at `begun`, after `previous`. */
export function failureOf(error: unknown, previous: Failure | undefined, begun: number, now: number): Failure {
  const unreachable = isUnreachable(error) ? (previous?.unreachable ?? 0) + 1 : 0;
  return { error, at: now, spent: now - begun, unreachable };
}

/**
 * How much longer, in milliseconds, callers that need the value get the failure instead of a new fetch. Does not grow
 * from failure to failure: the network may be back.
 */
export function cachedForMs({ at, spent, unreachable }: Failure, now: number): number {
  return at + Math.max(unreachable > 0 ? unreachableCacheMs : minCacheMs, spent) - now;
}

/** How much longer, in milliseconds, there is no background fetch: exponential backoff. */
export function backoffMs(failure: Failure, now: number): number {
  const { at, unreachable } = failure;
  const grown = unreachable > 0 ? Math.min(maxBackoffMs, unreachableCacheMs * 2 ** (unreachable - 1)) : 0;
  return Math.max(cachedForMs(failure, now), at + grown - now);
}

/** Whether callers that can do without the value get the failure instead of a new fetch. */
export function isUsable({ at }: Failure, now: number): boolean {
  return now - at < optionalCacheMs;
}

/** The error of a failure that is cached for `ms` more milliseconds: its hint names the time of the next fetch. */
export function cachedError({ error, unreachable }: Failure, ms: number): unknown {
  if (unreachable === 0 || !(error instanceof VouchError)) return error;
  const next = `The next try is possible in ${secondsInWords(Math.ceil(ms / 1000) * 1000)}.`;
  const { hint, guidedHint } = error;
  return new VouchError(error.code, error.message, {
    hint: hint === undefined ? next : `${hint} ${next}`,
    guidedHint: guidedHint === undefined ? undefined : `${guidedHint} ${next}`,
    cause: error,
  });
}

/** Whether there was no answer: the same fetch may succeed as soon as the network is back. */
function isUnreachable(error: unknown): boolean {
  return error instanceof VouchError && (error.code === "network" || error.code === "timeout");
}
