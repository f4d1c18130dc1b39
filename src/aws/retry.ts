/** Retries for transient failures: throttling, 5xx, lost connections. */
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../base/errors.ts";
import { AwsServiceError } from "./errors.ts";
import { reasonOf, trace } from "../base/trace.ts";

/** Time and randomness, injected by tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<unknown>;
  /** At least 0, less than 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
  random: Math.random,
};

const maxAttempts = 5;
const baseDelayMs = 200;
const maxDelayMs = 5_000;

/**
 * Runs `attempt` until it succeeds or fails permanently, at most five times, and only while the next wait ends within
 * `limitMs` of the start. Exponential backoff with full jitter, at least the Retry-After. `attempt` receives the
 * remaining time in milliseconds. Throws the last error, or `cancelled` by `signal`.
 */
export async function withRetries<T>(
  attempt: (remainingMs: number) => Promise<T>,
  options: { limitMs: number; clock: Clock; signal?: AbortSignal | undefined },
): Promise<T> {
  const { clock, signal } = options;
  const end = clock.now() + options.limitMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(end - clock.now());
    } catch (error) {
      if (attempts >= maxAttempts || !isTransient(error)) throw error;
      const jittered = clock.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** attempts);
      const asked = error instanceof AwsServiceError ? (error.retryAfterMs ?? 0) : 0;
      const delay = Math.max(jittered, asked);
      if (clock.now() + delay >= end) throw error;
      trace("retry", `attempt ${attempts + 1} in ${Math.round(delay)} ms after ${reasonOf(error)}`);
      await wait(delay, clock, signal);
    }
  }
}

async function wait(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw new VouchError("cancelled", "Cancelled.", { cause: error });
  }
}

/** Error codes of transient failures whose HTTP status does not show it (the SDKs' standard retry mode). */
const transientCodes = new Set([
  "IDPCommunicationError",
  "PriorRequestNotComplete",
  "RequestThrottled",
  "RequestThrottledException",
  "RequestTimeout",
  "RequestTimeoutException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);

function isTransient(error: unknown): boolean {
  if (error instanceof AwsServiceError) {
    return error.status === 429 || error.status >= 500 || transientCodes.has(error.awsCode);
  }
  if (!(error instanceof VouchError)) return false;
  if (error.code === "timeout") return true;
  // Permanent: an untrusted certificate, or a too large answer.
  const cause = error.cause as { code?: unknown } | undefined;
  return error.code === "network" && cause !== undefined && !/CERT|SSL|TLS|SIGN|VERIFY/.test(String(cause.code));
}
