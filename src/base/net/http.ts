/**
 * Every request that leaves this machine goes through here: https only (http to loopback), no redirects, a limit on
 * time and on the size of the answer, a private CA where the user named one; else the runtime's roots and the system's
 * store count (`--use-system-ca`, compiled into the executable). Proxies come from HTTPS_PROXY and
 * NO_PROXY, which the runtime's fetch honours.
 */
import { connectionError, secondsInWords } from "./connection-error.ts";
import { VouchError } from "../errors.ts";
import { readRegularFile, whyUnreadable } from "../system/regular-file.ts";
import { traced, tracedUrl } from "../trace.ts";
import { isLoopback } from "./loopback.ts";

export interface HttpRequest {
  url: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The limit on the whole exchange, in milliseconds. */
  timeoutMs?: number;
  /** The largest answer accepted, in bytes. */
  maxBytes?: number;
  /** A PEM file of certificate authorities to trust instead of the bundled ones and the system's. */
  caBundle?: string | undefined;
  /** The address is of this machine's own metadata service: it is asked without TLS, and never by way of a proxy. */
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
 * Sends one request and reads the whole answer, whatever its status.
 * Throws `network` (no connection, TLS failure, answer too large, redirect), `timeout`, `cancelled` (by `signal`),
 * `usage` (a URL that is not https).
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
      // Said here, so that no variable (NODE_TLS_REJECT_UNAUTHORIZED) says otherwise.
      tls: { rejectUnauthorized: true, ...(request.caBundle ? { ca: readCaBundle(request.caBundle) } : {}) },
      // The types do not know that the runtime takes false for "no proxy, whatever the environment says".
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

/** The largest CA bundle, in bytes: that of Mozilla has a quarter of a million. */
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
