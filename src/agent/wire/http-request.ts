/** Strict parser for one HTTP/1.1 request: a head, then a body of the announced length. All sizes are limited. */
import { VouchError } from "../../base/errors.ts";

export interface HttpRequest {
  method: string;
  path: string;
  /** Keyed by lower-case name. */
  headers: ReadonlyMap<string, string>;
  /** The body decoded as UTF-8. */
  body: string;
}

/** A malformed request, with its HTTP status. */
export class RequestError extends VouchError {
  readonly status: number;

  constructor(status: number, message: string) {
    super("protocol_error", message, {
      hint: "If Vouch was updated, run `vouch login`: it replaces an older agent.",
    });
    this.status = status;
  }
}

/** The largest head, in bytes. */
const maxHeadBytes = 16_384;

const endOfHead = Buffer.from("\r\n\r\n");
const requestLine = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/;
const headerLine = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/**
 * The request in these bytes (RFC 9112), undefined while it is incomplete. A body needs Content-Length. Throws
 * `RequestError` as early as possible: 400, 411 for chunked bodies, 413 for a body above `maxBodyBytes`, 431.
 */
export function readRequest(received: Buffer, maxBodyBytes: number): HttpRequest | undefined {
  const end = received.subarray(0, maxHeadBytes).indexOf(endOfHead);
  if (end < 0) {
    if (received.length >= maxHeadBytes)
      throw new RequestError(431, `Expected a head of at most ${maxHeadBytes} bytes.`);
    return undefined;
  }
  const [first, ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const [, method, path] = requestLine.exec(first!) ?? [];
  if (method === undefined || path === undefined) throw new RequestError(400, "Expected a request of HTTP/1.1.");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new RequestError(400, "Expected headers, each `name: value`.");
    const lower = name.toLowerCase();
    if (headers.has(lower)) throw new RequestError(400, `Expected the header ${lower} once.`);
    headers.set(lower, value);
  }
  if (headers.has("transfer-encoding")) throw new RequestError(411, "Expected a body with its length.");
  const length = headers.get("content-length") ?? "0";
  if (!/^\d{1,15}$/.test(length)) throw new RequestError(400, `Expected a length of the body, got ${length}.`);
  const bodyBytes = Number(length);
  if (bodyBytes > maxBodyBytes) {
    throw new RequestError(413, `Expected a body of at most ${maxBodyBytes} bytes, got ${bodyBytes}.`);
  }
  const start = end + endOfHead.length;
  if (received.length < start + bodyBytes) return undefined;
  return { method, path, headers, body: received.toString("utf8", start, start + bodyBytes) };
}
