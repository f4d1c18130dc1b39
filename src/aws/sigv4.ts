/** AWS Signature Version 4 in the Authorization header. The only importer of @smithy/signature-v4. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Secret } from "../base/secret.ts";

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: Secret;
  sessionToken?: Secret;
}

export interface ExpiringCredentials extends AwsCredentials {
  /** Expiration in seconds since 1970; Infinity for long-term keys. */
  expiration: number;
}

export interface SignableRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Scheme, host, port and path prefix, as returned by `controlEndpoint`. */
  endpoint: string;
  /** The operation's path, "/v1/…", unescaped. */
  path: string;
  /** Unescaped names and values. */
  query?: Record<string, string | string[]>;
  /** Headers to send and sign besides host, x-amz-date and x-amz-security-token; names in lower case. */
  headers?: Record<string, string>;
  body?: string;
}

export interface SigningScope {
  service: string;
  region: string;
  credentials: AwsCredentials;
  /** Time of the signature. */
  date: Date;
}

/** Signs a request and returns its URL and headers. The URL has the query exactly as signed. */
export async function signRequest(
  request: SignableRequest,
  scope: SigningScope,
): Promise<{ url: string; headers: Record<string, string> }> {
  const endpoint = new URL(request.endpoint);
  const path = `${endpoint.pathname.replace(/\/+$/, "")}${escapePath(request.path)}`;
  const { accessKeyId, secretAccessKey, sessionToken } = scope.credentials;
  const signer = new SignatureV4({
    service: scope.service,
    region: scope.region,
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.expose(),
      ...(sessionToken ? { sessionToken: sessionToken.expose() } : {}),
    },
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      path,
      query: request.query ?? {},
      headers: { ...request.headers, host: endpoint.host },
      body: request.body ?? "",
    },
    { signingDate: scope.date },
  );
  // The runtime sets the same host header itself.
  const { host: _, ...headers } = signed.headers;
  const query = queryString(request.query ?? {});
  return { url: `${endpoint.origin}${path}${query && `?${query}`}`, headers };
}

function queryString(query: Record<string, string | string[]>): string {
  return Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => `${escapeUri(name)}=${escapeUri(value)}`))
    .join("&");
}

function escapePath(path: string): string {
  return path.split("/").map(escapeUri).join("/");
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as SigV4 requires. */
function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

type HashData = string | ArrayBuffer | ArrayBufferView;

/** SHA-256, or with a key HMAC-SHA-256, in the signer's interface. */
class Sha256 {
  readonly #key: Uint8Array | string | undefined;
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(key?: HashData) {
    this.#key = key === undefined ? undefined : bytes(key);
    this.#hash = this.#start();
  }

  #start(): ReturnType<typeof createHash> | ReturnType<typeof createHmac> {
    return this.#key === undefined ? createHash("sha256") : createHmac("sha256", this.#key);
  }

  update(data: HashData): void {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#start();
  }
}

function bytes(data: HashData): Uint8Array | string {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
