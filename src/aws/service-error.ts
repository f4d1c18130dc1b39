/** An error answer of an AWS service, before anything is made of it. */
import type { HttpResponse } from "../base/net/http.ts";
import { retryAfter, waitAfterFailure } from "../base/net/retry.ts";
import { printable } from "../base/words/printable.ts";

/** An unmodified error answer of an AWS service; `translate` turns it into a VouchError. */
export class AwsServiceError extends Error {
  /** The service's error code, such as "AccessDenied"; "" if the answer has none (a proxy's page, an empty body). */
  readonly awsCode: string;
  /** The HTTP status. */
  readonly status: number;
  readonly requestId: string | undefined;
  /** The requested wait (Retry-After), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The service's clock (Date header), in milliseconds since 1970. */
  readonly serverTime: number | undefined;

  constructor(response: HttpResponse, details: { code: string; message: string; requestId?: string | undefined }) {
    super(cleaned(details.message));
    this.name = "AwsServiceError";
    this.awsCode = cleaned(details.code);
    this.status = response.status;
    this.requestId = details.requestId ?? response.headers.get("x-amzn-requestid") ?? undefined;
    const date = Date.parse(response.headers.get("date") ?? "");
    this.serverTime = Number.isNaN(date) ? undefined : date;
    this.retryAfterMs = retryAfter(response.headers);
  }
}

/** The codes by which AWS services say "later" with a status that does not say it (the SDKs' standard retry mode). */
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

/** The rule for `withRetries`: throttling and 5xx of AWS, besides what `waitAfterFailure` retries. */
export function waitAfterAwsFailure(error: unknown): number | undefined {
  if (!(error instanceof AwsServiceError)) return waitAfterFailure(error);
  const isTransient = error.status === 429 || error.status >= 500 || transientCodes.has(error.awsCode);
  return isTransient ? (error.retryAfterMs ?? 0) : undefined;
}

/** Text of another machine, not too long. */
export function cleaned(text: string): string {
  return printable(text).slice(0, 1000);
}
