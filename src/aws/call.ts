/** Calls one AWS operation, with timeouts, a size limit, the private CA, retries, and clock skew correction. */
import type { Environment } from "../base/environment.ts";
import { inAllItsTime, interceptedAnswer } from "../base/net/connection-error.ts";
import { httpRequest, type HttpRequest, type HttpResponse } from "../base/net/http.ts";
import { type RetryClock, systemRetryClock, withRetries } from "../base/net/retry.ts";
import type { Asker } from "./error-words.ts";
import { AwsServiceError, waitAfterAwsFailure } from "./service-error.ts";

/** Common options of every AWS operation. */
export interface CallOptions {
  /** The environment with the AWS_… variables; default: the process's. */
  env?: Environment;
  signal?: AbortSignal | undefined;
  clock?: RetryClock;
  /** Who calls, which selects the remedies in hints; default: a person. */
  asker?: Asker | undefined;
}

export interface AwsCall {
  /** Builds the request, signed for `date` if the operation needs a signature. */
  prepare(date: Date): HttpRequest | Promise<HttpRequest>;
  /** Extracts code, message and request id from an answer whose status is not 200. */
  readError(response: HttpResponse): { code: string; message: string; requestId?: string | undefined };
}

/** Timeouts of one operation with all its retries, and of a single attempt; milliseconds. */
const callLimitMs = 20_000;
const attemptLimitMs = 10_000;
/** Size limit; tokens and error messages are a few kilobytes. */
const maxAnswerBytes = 256 * 1024;
/** Threshold for clock skew correction, that of the SDKs; services reject signatures older than five minutes. */
const skewToleranceMs = 4 * 60_000;

/**
 * Sends the request, with retries, and returns the answer with status 200. Any other status throws AwsServiceError.
 * Throws also the errors of `httpRequest`.
 */
export async function callAws(call: AwsCall, options: CallOptions): Promise<HttpResponse> {
  const { env = process.env, signal, clock = systemRetryClock } = options;
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

/** Error codes of requests signed with a wrong clock. */
const skewCodes = new Set([
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

/** The service's clock minus ours, in milliseconds, if clock skew may have caused the error. */
function clockSkew(error: unknown, clock: RetryClock): number | undefined {
  if (!(error instanceof AwsServiceError) || error.serverTime === undefined) return undefined;
  const offset = error.serverTime - clock.now();
  return skewCodes.has(error.awsCode) && Math.abs(offset) > skewToleranceMs ? offset : undefined;
}
