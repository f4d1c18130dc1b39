/**
 * Verification of AWS Signature Version 4, written from its specification ("Create a signed AWS API request") and on
 * purpose without any code of the client.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Account, IssuedCredentials } from "./account.ts";
import { ServiceError } from "./service-error.ts";

const skewMs = 5 * 60_000;

/**
 * Whose signature the request carries, for this service and region.
 * `body` is the whole payload. Throws ServiceError.
 */
export function verifySignature(
  request: Request,
  body: Uint8Array,
  expected: { account: Account; service: string; region: string },
): IssuedCredentials {
  const authorization = request.headers.get("authorization");
  if (!authorization)
    throw new ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 403);
  const { accessKeyId, scope, signedHeaders, signature } = parseAuthorization(authorization);

  const amzDate = request.headers.get("x-amz-date") ?? "";
  const signedAt = parseAmzDate(amzDate);
  checkScope(scope, amzDate, expected);
  checkDate(amzDate, signedAt, expected.account.now());

  const issued = expected.account.credentials(accessKeyId);
  const sessionToken = request.headers.get("x-amz-security-token");
  if (!issued || sessionToken !== issued.sessionToken) {
    throw new ServiceError(
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
      403,
    );
  }
  checkSignedHeaders(request, signedHeaders);

  const payloadHash = sha256(body);
  const declaredHash = request.headers.get("x-amz-content-sha256");
  if (declaredHash !== null && declaredHash !== payloadHash) mismatch();
  const canonicalRequest = [
    request.method,
    canonicalPath(new URL(request.url).pathname),
    canonicalQuery(new URL(request.url).search),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request.headers.get(name) ?? "")}`),
    "",
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
  const stringToSign = ["AWS4-HMAC-SHA256", amzDate, scope.join("/"), sha256(canonicalRequest)].join("\n");
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${issued.secretAccessKey}`);
  if (!timingSafeEqual(hmac(key, stringToSign), Buffer.from(signature, "hex"))) mismatch();

  if (issued.expires * 1000 <= expected.account.now()) {
    throw new ServiceError("ExpiredTokenException", "The security token included in the request is expired", 403);
  }
  return issued;
}

function parseAuthorization(header: string): {
  accessKeyId: string;
  scope: [date: string, region: string, service: string, terminator: string];
  signedHeaders: string[];
  signature: string;
} {
  const match =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/(aws4_request), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!match) {
    throw new ServiceError("IncompleteSignatureException", `Authorization header is not of the expected form.`, 400);
  }
  const [, accessKeyId = "", date = "", region = "", service = "", terminator = "", headers = "", signature = ""] =
    match;
  return { accessKeyId, scope: [date, region, service, terminator], signedHeaders: headers.split(";"), signature };
}

/** The time of `20250131T235959Z` in milliseconds since 1970. */
function parseAmzDate(text: string): number {
  const time = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!/^\d{8}T\d{6}Z$/.test(text) || Number.isNaN(time)) {
    throw new ServiceError("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.", 400);
  }
  return time;
}

function checkScope(
  [date, region, service]: readonly string[],
  amzDate: string,
  expected: { service: string; region: string },
): void {
  if (date !== amzDate.slice(0, 8)) {
    refuse(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}'.`);
  }
  if (service !== expected.service) refuse(`Credential should be scoped to correct service: '${expected.service}'.`);
  if (region !== expected.region) refuse("Credential should be scoped to a valid region.");
}

function checkDate(amzDate: string, signedAt: number, now: number): void {
  if (signedAt < now - skewMs) {
    refuse(`Signature expired: ${amzDate} is now earlier than ${basic(now - skewMs)} (${basic(now)} - 5 min.)`);
  }
  if (signedAt > now + skewMs) {
    refuse(`Signature not yet current: ${amzDate} is still later than ${basic(now + skewMs)} (${basic(now)} + 5 min.)`);
  }
}

/** Milliseconds since 1970 in ISO 8601 basic format. */
function basic(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** `host` and every `x-amz-` header of the request must be signed; the list is sorted and names headers that exist. */
function checkSignedHeaders(request: Request, signedHeaders: string[]): void {
  const required = ["host", ...[...request.headers.keys()].filter((name) => name.startsWith("x-amz-"))];
  const complete = required.every((name) => signedHeaders.includes(name));
  const present = signedHeaders.every((name) => request.headers.has(name));
  const sorted = signedHeaders.every((name, i) => i === 0 || (signedHeaders[i - 1] ?? "") < name);
  if (!complete || !present || !sorted) mismatch();
}

/** Services other than S3 encode the path once more than it is in the request. */
function canonicalPath(path: string): string {
  return path.split("/").map(escape).join("/") || "/";
}

function canonicalQuery(search: string): string {
  if (search.length < 2) return "";
  return search
    .slice(1)
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
      return { name: escape(decodeURIComponent(name)), value: escape(decodeURIComponent(value)) };
    })
    .sort((a, b) => order(a.name, b.name) || order(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join("&");
}

function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function canonicalValue(value: string): string {
  return value.trim().replace(/ +/g, " ");
}

/** Every byte but A-Z a-z 0-9 - . _ ~ as %XX. */
function escape(text: string): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Uint8Array, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

function mismatch(): never {
  refuse(
    "The request signature we calculated does not match the signature you provided. " +
      "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  );
}

function refuse(message: string): never {
  throw new ServiceError("InvalidSignatureException", message, 403);
}
