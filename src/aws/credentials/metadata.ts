/** Requests to the metadata services that issue role credentials to a machine or container. */
import { VouchError } from "../../base/errors.ts";
import { inAllItsTime } from "../../base/net/connection-error.ts";
import { httpRequest, type HttpResponse } from "../../base/net/http.ts";
import { BusyService, withRetries } from "../../base/net/retry.ts";
import { isLoopback } from "../../base/net/loopback.ts";

/**
 * Timeouts of one attempt and of all of them, in milliseconds: short, because these local services answer within
 * milliseconds.
 */
const attemptLimitMs = 2_000;
const limitMs = 8_000;
const maxAnswerBytes = 64 * 1024;

export interface MetadataRequest {
  url: URL;
  method: "GET" | "PUT";
  headers: Record<string, string>;
  /** Name of the service, capitalized to start a message. */
  service: string;
  /** Hint for a service that does not answer. */
  silentHint: string;
  caBundle?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Whether the URL is allowed for a metadata service: https anywhere, http only to loopback and to AWS's link-local
 * addresses, which no router forwards. `linkLocal` lists those of the service.
 */
export function isMetadataAddress(url: URL, linkLocal: readonly string[]): boolean {
  if (url.username || url.password) return false;
  if (url.protocol === "https:") return true;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return url.protocol === "http:" && (isLoopback(host) || linkLocal.includes(host));
}

/**
 * Sends the request with retries and returns the response of any status below 500. Throws `network` and `timeout` with
 * the hint, `cancelled`.
 */
export async function askMetadata(request: MetadataRequest): Promise<HttpResponse> {
  const { url, method, headers, service, signal } = request;
  const begun = performance.now();
  try {
    return await withRetries(
      async (remainingMs) => {
        const response = await httpRequest({
          url: url.href,
          method,
          headers,
          timeoutMs: Math.ceil(Math.min(attemptLimitMs, Math.max(1, remainingMs))),
          maxBytes: maxAnswerBytes,
          caBundle: request.caBundle,
          metadataService: url.protocol === "http:",
          signal,
        });
        if (response.status < 500) return response;
        throw new VouchError("network", `${service} answered with status ${response.status}.`, {
          cause: new BusyService(response),
        });
      },
      { limitMs, signal },
    );
  } catch (failure) {
    const error = inAllItsTime(failure, performance.now() - begun);
    if (!(error instanceof VouchError) || (error.code !== "network" && error.code !== "timeout")) throw error;
    throw new VouchError(error.code, `${service} at ${url.host} does not answer: ${error.message}`, {
      hint: request.silentHint,
      cause: error,
    });
  }
}
