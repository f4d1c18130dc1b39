/**
 * The one retry of requests: exponential backoff with full jitter, Retry-After obeyed, bounded in attempts and time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { VouchError } from "../errors.ts";
import { reasonOf, trace } from "../trace.ts";

/** Time to wait and randomness, injected by tests. */
export interface RetryClock extends Pick<Clock, "now"> {
  /** Waits; rejects when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<unknown>;
  /** At least 0, less than 1. */
  random(): number;
}

export const systemRetryClock: RetryClock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

const maxAttempts = 5;
const baseDelayMs = 200;
const maxDelayMs = 5_000;

/** The cause of an error for a status 429 or 5xx: the service may answer later. */
export class BusyService {
  readonly status: number;
  /** The wait that the service asked for (Retry-After), in milliseconds; undefined if it named none. */
  readonly retryAfterMs: number | undefined;

  constructor({ status, headers }: { status: number; headers: Headers }) {
    this.status = status;
    this.retryAfterMs = retryAfter(headers);
  }
}

/** The least wait before the request is sent again, in milliseconds; undefined if sending it again is of no use. */
export type RetryRule = (error: unknown) => number | undefined;

/**
 * Runs `attempt` until it succeeds, fails for good, has run five times, or the next wait would pass `limitMs` in all.
 * The waits grow exponentially with full jitter and are never shorter than a Retry-After. `attempt` receives the
 * remaining time, in milliseconds. Throws the last failure, or `cancelled` by `signal`.
 */
export async function withRetries<T>(
  attempt: (remainingMs: number) => Promise<T>,
  options: { limitMs: number; clock?: RetryClock; rule?: RetryRule; signal?: AbortSignal | undefined },
): Promise<T> {
  const { clock = systemRetryClock, signal, rule = waitAfterFailure } = options;
  const end = clock.now() + options.limitMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(end - clock.now());
    } catch (error) {
      const asked = attempts < maxAttempts ? rule(error) : undefined;
      if (asked === undefined) throw error;
      const jittered = clock.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** attempts);
      // On top of a Retry-After, too: many clients that were told the same number must not return together.
      const delay = asked + jittered;
      if (clock.now() + delay >= end) throw error;
      trace("retry", `attempt ${attempts + 1} in ${Math.round(delay)} ms after ${reasonOf(error)}`);
      await wait(delay, clock, signal);
    }
  }
}

async function wait(ms: number, clock: RetryClock, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw new VouchError("cancelled", "Cancelled.", { cause: error });
  }
}

/** The rule for errors of `httpRequest` and for those with a `BusyService`: lost connections and timeouts are retried. */
export function waitAfterFailure(error: unknown): number | undefined {
  if (!(error instanceof VouchError)) return undefined;
  if (error.cause instanceof BusyService) return error.cause.retryAfterMs ?? 0;
  if (error.code === "timeout") return 0;
  // A certificate that is not trusted, or an answer that is too large, stays so.
  const cause = error.cause as { code?: unknown } | undefined;
  const isLost =
    error.code === "network" && cause !== undefined && !/CERT|SSL|TLS|SIGN|VERIFY/.test(String(cause.code));
  return isLost ? 0 : undefined;
}

/**
 * Retry-After (RFC 9110, 10.2.3) in milliseconds: seconds, or a date, which is compared with the Date of the same
 * answer; undefined if it is absent or neither.
 */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Date.parse also reads "1.5".
  const date = /[A-Za-z]/.test(value) ? Date.parse(value) : Number.NaN;
  const serverTime = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(date) ? undefined : Math.max(0, date - (Number.isNaN(serverTime) ? Date.now() : serverTime));
}
