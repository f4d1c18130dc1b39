/**
 * The bucket from which CodeArtifact serves assets: it answers a download with 307 and a presigned URL of Amazon S3
 * (Signature Version 4, query parameters), except for Python and Swift ("Create the Amazon S3 gateway endpoint" in its
 * user guide; ansible-collections/community.general#1171 for the status). S3 refuses a presigned request that has an
 * Authorization header too: a client that takes its token along does not get the file, and has shown the token.
 */
import { randomBytes } from "node:crypto";
import type { Account } from "./account.ts";

/** A request to the bucket. */
export interface AssetRequest {
  method: string;
  /** The Authorization header that a client took along; none has a reason to. */
  authorization: string | null;
  status: number;
}

interface Grant {
  bytes: Uint8Array<ArrayBuffer>;
  /** Milliseconds since 1970 by the account's clock. */
  expires: number;
}

const lifetimeSeconds = 900;

export class AssetStore {
  readonly host: string;
  /** Every request until now. */
  readonly requests: AssetRequest[] = [];
  readonly #account: Account;
  readonly #region: string;
  /** By path and signature. */
  readonly #grants = new Map<string, Grant>();

  constructor(account: Account, region: string) {
    this.#account = account;
    this.#region = region;
    this.host = assetHost(region);
  }

  get accountId(): string {
    return this.#account.id;
  }

  /**
   * A redirect to the bytes, good for a GET without further credentials. After a 307 yarn 1 takes the token along, which S3
   * refuses, and AWS documents yarn 1 with CodeArtifact: npm's is another status.
   */
  redirect(bytes: Uint8Array<ArrayBuffer>, status: 302 | 307): Response {
    const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const date = new Date(this.#account.now()).toISOString().replace(/[-:]|\.\d{3}/g, "");
    const url = new URL(`https://${this.host}/${this.#account.id}/${digest}`);
    const signature = randomBytes(32).toString("hex");
    url.search = new URLSearchParams({
      "X-Amz-Security-Token": randomBytes(200).toString("base64"),
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Date": date,
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Expires": `${lifetimeSeconds}`,
      "X-Amz-Credential": `AKIAIOSFODNN7EXAMPLE/${date.slice(0, 8)}/${this.#region}/s3/aws4_request`,
      "X-Amz-Signature": signature,
    }).toString();
    this.#grants.set(`${url.pathname} ${signature}`, {
      bytes,
      expires: this.#account.now() + lifetimeSeconds * 1000,
    });
    return new Response(null, { status, headers: { location: url.href } });
  }

  /** Answers a request to the bucket. */
  handle(request: Request): Response {
    const answer = this.#answer(request);
    const { method, headers } = request;
    this.requests.push({ method, authorization: headers.get("authorization"), status: answer.status });
    return answer;
  }

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, and ErrorResponses.html
  #answer({ method, url, headers }: Request): Response {
    const { pathname, searchParams } = new URL(url);
    if (headers.has("authorization")) {
      return errorAnswer(
        400,
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
      );
    }
    const grant = this.#grants.get(`${pathname} ${searchParams.get("X-Amz-Signature") ?? ""}`);
    if (searchParams.get("X-Amz-Algorithm") === null) return errorAnswer(403, "AccessDenied", "Access Denied");
    // The method is signed too.
    if (grant === undefined || method !== "GET") {
      return errorAnswer(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      );
    }
    if (grant.expires <= this.#account.now()) return errorAnswer(403, "AccessDenied", "Request has expired");
    return new Response(grant.bytes, { headers: { "content-type": "application/octet-stream", server: "AmazonS3" } });
  }
}

/** The bucket's host. The account in its name is that of us-east-1 in the user guide's table. */
export function assetHost(region: string): string {
  return `assets-193858265520-${region}.s3.${region}.amazonaws.com`;
}

function errorAnswer(status: number, code: string, message: string): Response {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml" } });
}
