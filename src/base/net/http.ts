/**
 * The HTTP client for all outgoing requests: https only (http to loopback), no redirects, timeout, size limit, private
 * CA if the user names one; else the runtime's roots and the system's store are trusted (`--use-system-ca`, compiled
 * into the executable). The runtime's fetch takes proxies from HTTPS_PROXY and NO_PROXY.
 */
import { secondsInWords } from "../words/duration.ts";
import { connectionError } from "./connection-error.ts";
import { VouchError } from "../errors.ts";
import { readRegularFile, whyUnreadable } from "../system/regular-file.ts";
import { traced, tracedUrl } from "../trace.ts";
import { isLoopback } from "./loopback.ts";

export interface HttpRequest {
  url: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Timeout of the whole exchange, in milliseconds. */
  timeoutMs?: number;
  /** Size limit of the answer, in bytes. */
  maxBytes?: number;
  /** PEM file of the certificate authorities to trust instead of the runtime's and the system's. */
  caBundle?: string | undefined;
  /** The URL is a local metadata service: http is allowed, and no proxy is used. */
  metadataService?: boolean;
  signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  status: number;
  headers: Headers;
  /** The body decoded as UTF-8. */
  body: string;
}

/**
 * Sends one request and reads the whole answer of any status. Throws `network` (no connection, TLS failure, answer too
 * large, redirect), `timeout`, `cancelled` (by `signal`), `usage` (a URL that is not https).
 */
export async function httpRequest(request: HttpRequest): Promise<HttpResponse> {
  return traced(
    "http",
    () => `${request.method} ${tracedUrl(request.url)}`,
    () => exchange(request),
    ({ status, body }) => `${status}, ${Buffer.byteLength(body)} bytes`,
  );
}

async function exchange(request: HttpRequest): Promise<HttpResponse> {
  const url = secureUrl(request.url, request.metadataService === true);
  const timeoutMs = request.timeoutMs ?? 10_000;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
  try {
    const response = await fetch(url, {
      method: request.method,
      headers: request.headers ?? {},
      redirect: "manual",
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn it off.
      tls: { rejectUnauthorized: true, ...(request.caBundle ? { ca: readCaBundle(request.caBundle) } : {}) },
      // Missing in the types: the runtime accepts false as "no proxy, whatever the environment says".
      ...(request.metadataService ? ({ proxy: false } as object) : {}),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: await readLimited(response, request.maxBytes ?? 1 << 20),
    };
  } catch (error) {
    if (error instanceof VouchError) throw error;
    if (request.signal?.aborted) throw new VouchError("cancelled", "Cancelled.", { cause: error });
    if (timeout.aborted) {
      throw new VouchError("timeout", `${url.host} did not answer within ${secondsInWords(timeoutMs)}.`, {
        hint: "Check the network and the proxy settings (HTTPS_PROXY, NO_PROXY), then try again.",
        cause: error,
      });
    }
    throw connectionError(url.host, error);
  }
}

function secureUrl(text: string, plainAllowed: boolean): URL {
  const url = URL.parse(text);
  if (!url) throw new VouchError("usage", `Expected a URL, got "${text}".`);
  if (url.protocol === "https:" || (url.protocol === "http:" && (isLoopback(url.hostname) || plainAllowed))) return url;
  throw new VouchError("usage", `Expected an https URL, got "${text}".`);
}

async function readLimited(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new VouchError("network", `The answer of ${new URL(response.url).host} is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Size limit of a CA bundle, in bytes; Mozilla's has a quarter of a million. */
const maxBundleBytes = 16 << 20;

function readCaBundle(path: string): string {
  try {
    return readRegularFile(path, maxBundleBytes).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `The CA bundle ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Check AWS_CA_BUNDLE and SSL_CERT_FILE.",
      cause: error,
    });
  }
}
