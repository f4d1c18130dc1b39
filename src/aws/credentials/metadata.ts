/** Requests to the metadata services that give a machine or a container its role. */
import { VouchError } from "../../base/errors.ts";
import { inAllItsTime } from "../../base/net/connection-error.ts";
import { httpRequest, type HttpResponse } from "../../base/net/http.ts";
import { BusyService, systemClock, withRetries } from "../../base/net/retry.ts";
import { isLoopback } from "../../base/net/loopback.ts";

/** They are near: an answer takes milliseconds, and one that does not come is worth a message soon. */
const attemptLimitMs = 2_000;
const limitMs = 8_000;
const maxAnswerBytes = 64 * 1024;

export interface MetadataRequest {
  url: URL;
  method: "GET" | "PUT";
  headers: Record<string, string>;
  /** What the service is, at the start of a message. */
  service: string;
  /** What helps when it does not answer. */
  silentHint: string;
  caBundle?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Whether a metadata service may be asked at the URL: over TLS, or without it on this machine and at the addresses of
 * AWS that no router passes on.
 */
export function isMetadataAddress(url: URL, linkLocal: readonly string[]): boolean {
  if (url.username || url.password) return false;
  if (url.protocol === "https:") return true;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return url.protocol === "http:" && (isLoopback(host) || linkLocal.includes(host));
}

/** The answer, whatever its status below 500. Throws `network` and `timeout` with the hint, `cancelled`. */
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
      { limitMs, clock: systemClock, signal },
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
