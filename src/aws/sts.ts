/** AWS STS, API version 2011-06-15: role credentials for a web identity token. */
import { decodeJwt } from "jose";
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { Secret } from "../base/secret.ts";
import { callAws, type CallOptions } from "./call.ts";
import { controlEndpoint, endpointVariables } from "./endpoints.ts";
import { AwsServiceError, translate, type AskedOf, whatLeadsElsewhere } from "./errors.ts";
import { checkSamePartition } from "./partitions.ts";
import type { ExpiringCredentials } from "./sigv4.ts";

export interface AssumeRoleWithWebIdentityRequest extends CallOptions {
  roleArn: string;
  /** Region of the STS endpoint. */
  region: string;
  /** 2 to 64 characters of `[\w+=,.@-]`: see `roleSessionName`. */
  sessionName: string;
  /** The OIDC ID token. */
  webIdentityToken: Secret;
  /** Clamped to 900 to 43200; if above the role's MaxSessionDuration, the credentials last one hour. */
  durationSeconds: number;
}

export interface RoleCredentials extends ExpiringCredentials {
  sessionToken: Secret;
}

/** The duration that every role allows, in seconds: the minimum of MaxSessionDuration. */
const hour = 3600;

const Text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(16384));
const CredentialsAnswer = v.object({
  AssumeRoleWithWebIdentityResponse: v.object({
    AssumeRoleWithWebIdentityResult: v.object({
      Credentials: v.object({
        AccessKeyId: v.pipe(Text, v.regex(/^\w{16,128}$/)),
        SecretAccessKey: Text,
        SessionToken: Text,
        Expiration: v.pipe(
          Text,
          v.isoTimestamp(),
          v.check((text) => Date.parse(text) > 0, "expected a time"),
        ),
      }),
    }),
  }),
});
const ErrorAnswer = v.object({
  ErrorResponse: v.object({
    Error: v.object({ Code: v.string(), Message: v.optional(v.string(), "") }),
    RequestId: v.optional(v.string()),
  }),
});

/**
 * Exchanges a web identity token for role credentials at the regional endpoint; the request is not signed. If the
 * role's MaxSessionDuration is below `durationSeconds`, retries once with one hour. Throws `usage` (malformed role or
 * region, or different partitions; nothing is sent), `access_denied`, `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function assumeRoleWithWebIdentity(request: AssumeRoleWithWebIdentityRequest): Promise<RoleCredentials> {
  checkSamePartition(request.roleArn, request.region);
  const durationSeconds = Math.min(43200, Math.max(900, Math.floor(request.durationSeconds)));
  try {
    return await requestCredentials(request, durationSeconds).catch((error: unknown) => {
      if (durationSeconds > hour && exceedsMaxSessionDuration(error)) return requestCredentials(request, hour);
      throw error;
    });
  } catch (error) {
    throw translate(error, describe(request));
  }
}

/** A role session name from an e-mail address: characters that STS rejects become `-`, truncated to 64 characters. */
export function roleSessionName(email: string): string {
  return email
    .replace(/[^\w+=,.@-]/g, "-")
    .slice(0, 64)
    .padEnd(2, "-");
}

async function requestCredentials(
  request: AssumeRoleWithWebIdentityRequest,
  durationSeconds: number,
): Promise<RoleCredentials> {
  const form = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: request.roleArn,
    RoleSessionName: request.sessionName,
    WebIdentityToken: request.webIdentityToken.expose(),
    DurationSeconds: String(durationSeconds),
  });
  const response = await callAws(
    {
      prepare: () => ({
        method: "POST",
        url: `${controlEndpoint("sts", request.region, request.env ?? process.env)}/`,
        headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body: form.toString(),
      }),
      readError,
    },
    request,
  );
  const answer = v.safeParse(CredentialsAnswer, parseXml(response.body));
  if (!answer.success) {
    throw new VouchError("aws_error", `AWS STS in ${request.region} gave an answer without credentials.`, {
      hint: whatLeadsElsewhere(describe(request)),
    });
  }
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } =
    answer.output.AssumeRoleWithWebIdentityResponse.AssumeRoleWithWebIdentityResult.Credentials;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: new Secret(SecretAccessKey),
    sessionToken: new Secret(SessionToken),
    expiration: Math.floor(Date.parse(Expiration) / 1000),
  };
}

function readError(response: HttpResponse): { code: string; message: string; requestId?: string | undefined } {
  const answer = v.safeParse(ErrorAnswer, parseXml(response.body));
  if (!answer.success) return { code: "", message: "" };
  const { Error: error, RequestId } = answer.output.ErrorResponse;
  return { code: error.Code, message: error.Message, requestId: RequestId };
}

/** Parses XML; undefined if malformed or with a DOCTYPE, which no AWS answer has. */
function parseXml(text: string): unknown {
  if (text.includes("<!DOCTYPE")) return undefined;
  try {
    return Bun.XML.parse(text);
  } catch {
    return undefined;
  }
}

function exceedsMaxSessionDuration(error: unknown): boolean {
  return (
    error instanceof AwsServiceError && error.awsCode === "ValidationError" && /DurationSeconds/.test(error.message)
  );
}

function describe(request: AssumeRoleWithWebIdentityRequest): AskedOf {
  const identity = readIdentity(request.webIdentityToken);
  return {
    service: "STS",
    operation: "AssumeRoleWithWebIdentity",
    region: request.region,
    roleArn: request.roleArn,
    asker: request.asker,
    endpointVariables: endpointVariables("sts", request.env ?? process.env),
    ...(identity ? { identity } : {}),
  };
}

const IdentityClaims = v.object({ iss: v.string(), aud: v.union([v.string(), v.array(v.string())]), sub: v.string() });

/** Unverified claims of the token, only for error messages. */
function readIdentity(token: Secret): AskedOf["identity"] | undefined {
  try {
    const { iss, aud, sub } = v.parse(IdentityClaims, decodeJwt(token.expose()));
    return { issuer: iss, audience: [aud].flat().join(", "), subject: sub };
  } catch {
    return undefined;
  }
}
