/** Requests to the Vouch server: form, limits, retries, and what its refusals mean. */
import * as v from "valibot";
import type { Environment } from "../base/environment.ts";
import { inAllItsTime, interceptedAnswer, mayHaveArrived } from "../base/net/connection-error.ts";
import { VouchError } from "../base/errors.ts";
import { httpRequest, type HttpResponse } from "../base/net/http.ts";
import { BusyService, type RetryRule, waitAfterFailure, withRetries } from "../base/net/retry.ts";
import { printable } from "../base/words/printable.ts";
import { parseJson } from "../base/json.ts";

/** The client's dependencies on its environment. */
export interface Surroundings {
  /** Environment variables; SSL_CERT_FILE may name a private certificate authority. */
  env: Environment;
  /** The wall clock: milliseconds since 1970. */
  now: () => number;
}

interface ApiRequest {
  method: "GET" | "POST";
  url: string;
  /** Called for each attempt, since a DPoP proof is valid for one request. */
  headers?: () => Promise<Record<string, string>>;
  /** An object is sent as JSON, URLSearchParams as a form. */
  body?: object | URLSearchParams | undefined;
  env: Environment;
  /** Whether the request is idempotent: then it is retried after a 5xx, a 429 or a lost connection. */
  repeatable: boolean;
  /** Timeout of all attempts together, in milliseconds. */
  limitMs?: number;
  signal?: AbortSignal | undefined;
}

/** Timeouts of one attempt, and of all attempts with the waits between them; milliseconds. */
const attemptLimitMs = 10_000;
const defaultLimitMs = 15_000;
/** Size limit; tokens and WebAuthn options are a few kilobytes. */
const maxAnswerBytes = 256 * 1024;

/**
 * Sends a request and resolves with the answer, whatever its status below 500 (except 429). Throws `network`,
 * `timeout`, `server_error`, `cancelled`.
 */
export async function send(request: ApiRequest): Promise<HttpResponse> {
  const { limitMs = defaultLimitMs, signal } = request;
  const begun = performance.now();
  try {
    if (!request.repeatable) return await sendOnce(request, limitMs);
    const attempt = (remainingMs: number): Promise<HttpResponse> => sendOnce(request, remainingMs);
    return await withRetries(attempt, { limitMs, rule, signal });
  } catch (error) {
    throw inAllItsTime(error, performance.now() - begun);
  }
}

/** An attempt that timed out has had most of the time: it is not repeated. */
const rule: RetryRule = (error) =>
  error instanceof VouchError && error.code === "timeout" ? undefined : waitAfterFailure(error);

async function sendOnce(request: ApiRequest, remainingMs: number): Promise<HttpResponse> {
  const { url, body } = request;
  const form = body instanceof URLSearchParams ? body.toString() : undefined;
  const response = await httpRequest({
    url,
    method: request.method,
    headers: {
      ...(body
        ? { "content-type": form === undefined ? "application/json" : "application/x-www-form-urlencoded" }
        : {}),
      accept: "application/json",
      ...(await request.headers?.()),
    },
    ...(body ? { body: form ?? JSON.stringify(body) } : {}),
    timeoutMs: Math.ceil(Math.min(attemptLimitMs, Math.max(1, remainingMs))),
    maxBytes: maxAnswerBytes,
    caBundle: request.env["SSL_CERT_FILE"],
    ...(request.signal ? { signal: request.signal } : {}),
  });
  const intercepted = interceptedAnswer(new URL(url).host, response, " Is this the URL of the Vouch server?");
  if (intercepted) throw intercepted;
  if (response.status === 429 || response.status >= 500) throw busyServer(url, response);
  return response;
}

/**
 * Sends a request that changes something at the server, once. Throws `outcome_unknown` if the answer is lost (a timeout,
 * a cut connection, a 5xx of the server or of a proxy before it, the session's end), and as `request`.
 */
export async function changing<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof VouchError)) throw error;
    const hasFailedMidway = error.cause instanceof BusyService && error.cause.status >= 500;
    if (!hasFailedMidway && !mayHaveArrived(error)) throw error;
    const message = error.code === "cancelled" ? "The session ended before the answer came." : error.message;
    throw new VouchError("outcome_unknown", message, { hint: error.hint, cause: error });
  }
}

/** The answer in the form of the schema. Throws `server_error`. */
export function readAnswer<Schema extends v.GenericSchema>(
  response: HttpResponse,
  schema: Schema,
  url: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, parseJson(response.body));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new VouchError(
    "server_error",
    `${new URL(url).host} did not answer as a Vouch server: at ${v.getDotPath(issue) ?? "the top level"} expected ${issue.expected ?? issue.type}.`,
    { hint: "Check the server's URL." },
  );
}

/** Untrusted text of the server for display: made printable and truncated. */
export const Words = v.pipe(
  v.string(),
  v.transform((text) => printable(text).slice(0, 500)),
);
/** A pending ceremony: the server's id for it, and the options for the security key. */
export interface Ceremony {
  ceremony: string;
  options: object;
}

export const CeremonyAnswer = v.object({
  ceremony: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  options: v.looseObject({ challenge: v.string() }),
});

/** A credential id in base64url, 1 to 1023 bytes (WebAuthn Level 3, section 4). */
export const CredentialId = v.pipe(v.string(), v.regex(/^[\w-]{1,1400}$/));

const OAuthFailure = v.object({ error: Words, error_description: v.optional(Words, "") });
const ApiFailure = v.object({ error: v.object({ code: v.string(), message: Words, hint: v.optional(Words) }) });

/**
 * Parses an error answer under /oauth (RFC 6749, 5.2): `{error, error_description}`. Throws `server_error` if
 * malformed.
 */
export function readOAuthFailure(response: HttpResponse, url: string): { error: string; description: string } {
  const { error, error_description } = readAnswer(response, OAuthFailure, url);
  return { error, description: error_description };
}

/** Parses an error answer under /v1: `{error: {code, message, hint}}`. Throws `server_error` if malformed. */
export function readApiFailure(
  response: HttpResponse,
  url: string,
): { code: string; message: string; hint?: string | undefined } {
  return readAnswer(response, ApiFailure, url).error;
}

function busyServer(url: string, response: HttpResponse): VouchError {
  const { host } = new URL(url);
  const cause = new BusyService(response);
  const seconds = cause.retryAfterMs === undefined ? undefined : Math.ceil(cause.retryAfterMs / 1000);
  const when = seconds === undefined || seconds === 0 ? "in a minute" : `in ${seconds} s, as it asks`;
  return new VouchError(
    "server_error",
    response.status === 429
      ? `The Vouch server ${host} has been asked too often.`
      : `The Vouch server ${host} failed (status ${response.status}).`,
    { hint: `Try again ${when}; if it goes on, tell who runs the server.`, cause },
  );
}
