/** One call of an AWS operation: limits on time and size, the private CA, retries, a wrong clock corrected. */
import { inAllItsTime, interceptedAnswer } from "../base/net/connection-error.ts";
import { httpRequest, type HttpRequest, type HttpResponse } from "../base/net/http.ts";
import type { Environment } from "./endpoints.ts";
import { type Clock, systemClock, withRetries } from "../base/net/retry.ts";
import { type Asker, AwsServiceError, waitAfterAwsFailure } from "./errors.ts";

/** What every operation of this folder takes besides its own parameters. */
export interface CallOptions {
  /** The environment whose AWS_… variables count; by default the process's. */
  env?: Environment;
  signal?: AbortSignal | undefined;
  clock?: Clock;
  /** Who asks: hints name what they can do. A person without it. */
  asker?: Asker | undefined;
}

export interface AwsCall {
  /** Builds the request; a signed one is signed for `date`. */
  prepare(date: Date): HttpRequest | Promise<HttpRequest>;
  /** Reads code, message and request id out of an answer that is not 200. */
  readError(response: HttpResponse): { code: string; message: string; requestId?: string | undefined };
}

/** The limit on one operation with all its retries, and on a single attempt; milliseconds. */
const callLimitMs = 20_000;
const attemptLimitMs = 10_000;
/** Tokens and error texts are a few kilobytes. */
const maxAnswerBytes = 256 * 1024;
/** Services refuse a signature that is more than five minutes old; the SDKs correct the clock from four. */
const skewToleranceMs = 4 * 60_000;

/** The answer with status 200. Throws AwsServiceError for any other, and the VouchErrors of `httpRequest`. */
export async function callAws(call: AwsCall, options: CallOptions): Promise<HttpResponse> {
  const { env = process.env, signal, clock = systemClock } = options;
  let clockOffset = 0;
  const attempt = async (remainingMs: number): Promise<HttpResponse> => {
    const request = await call.prepare(new Date(clock.now() + clockOffset));
    const response = await httpRequest({
      ...request,
      timeoutMs: Math.min(attemptLimitMs, Math.max(1, remainingMs)),
      maxBytes: maxAnswerBytes,
      caBundle: env["AWS_CA_BUNDLE"],
      ...(signal ? { signal } : {}),
    });
    const intercepted = interceptedAnswer(new URL(request.url).host, response);
    if (intercepted) throw intercepted;
    if (response.status !== 200) throw new AwsServiceError(response, call.readError(response));
    return response;
  };
  const begun = clock.now();
  return withRetries(
    async (remainingMs) => {
      try {
        return await attempt(remainingMs);
      } catch (error) {
        const offset = clockSkew(error, clock);
        if (offset === undefined || clockOffset !== 0) throw error;
        clockOffset = offset;
        return attempt(remainingMs);
      }
    },
    { limitMs: callLimitMs, clock, rule: waitAfterAwsFailure, signal },
  ).catch((error: unknown) => {
    throw inAllItsTime(error, clock.now() - begun);
  });
}

/** The codes of answers to a request that was signed with a wrong clock. */
const skewCodes = new Set([
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

/** How far the service's clock is ahead of ours, in milliseconds, when the error may come from that. */
function clockSkew(error: unknown, clock: Clock): number | undefined {
  if (!(error instanceof AwsServiceError) || error.serverTime === undefined) return undefined;
  const offset = error.serverTime - clock.now();
  return skewCodes.has(error.awsCode) && Math.abs(offset) > skewToleranceMs ? offset : undefined;
}
