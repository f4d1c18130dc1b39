/** AWS STS, API version 2011-06-15: role credentials for a web identity token, or for another role's credentials. */
import { decodeJwt } from "jose";
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { Secret } from "../base/secret.ts";
import { callAws, type CallOptions } from "./call.ts";
import { controlEndpoint, endpointVariables } from "./endpoints.ts";
import { type AskedOf, whatLeadsElsewhere } from "./error-words.ts";
import { translate } from "./errors.ts";
import { roleSessionName, sessionNamePattern, sessionNameTag, tagsClaim } from "./names.ts";
import { AwsServiceError } from "./service-error.ts";
import { checkSamePartition } from "./partitions.ts";
import { type AwsCredentials, type ExpiringCredentials, signRequest } from "./sigv4.ts";

interface RoleRequest extends CallOptions {
  roleArn: string;
  /** Region of the STS endpoint. */
  region: string;
  /** 2 to 64 characters of `[\w+=,.@-]`: see `roleSessionName`. */
  sessionName: string;
}

export interface AssumeRoleWithWebIdentityRequest extends RoleRequest {
  /** The OIDC ID token. */
  webIdentityToken: Secret;
  /** Clamped to 900 to 43200; if above the role's MaxSessionDuration, the credentials last one hour. */
  durationSeconds: number;
}

export interface AssumeRoleRequest extends RoleRequest {
  /** The role whose credentials sign the request, for error messages. */
  sourceRoleArn: string;
  /** Credentials of that role. */
  credentials: AwsCredentials;
  /** Clamped to 900 to 3600, AWS's limit for a role that is assumed by another one. */
  durationSeconds: number;
}

export interface RoleCredentials extends ExpiringCredentials {
  sessionToken: Secret;
}

/** The duration that every role allows, in seconds: the minimum of MaxSessionDuration. */
const hour = 3600;

const Text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(16384));
const Result = v.object({
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
});
/** The answer of each operation, to its result. */
const answers = {
  AssumeRoleWithWebIdentity: v.pipe(
    v.object({
      AssumeRoleWithWebIdentityResponse: v.object({ AssumeRoleWithWebIdentityResult: Result }),
    }),
    v.transform(({ AssumeRoleWithWebIdentityResponse: answer }) => answer.AssumeRoleWithWebIdentityResult),
  ),
  AssumeRole: v.pipe(
    v.object({ AssumeRoleResponse: v.object({ AssumeRoleResult: Result }) }),
    v.transform(({ AssumeRoleResponse: answer }) => answer.AssumeRoleResult),
  ),
} as const;
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
  const asked = describe(request);
  const ask = async (seconds: number) =>
    requestCredentials("AssumeRoleWithWebIdentity", request, asked, {
      RoleArn: request.roleArn,
      RoleSessionName: request.sessionName,
      WebIdentityToken: request.webIdentityToken.expose(),
      DurationSeconds: String(seconds),
    });
  try {
    return await ask(durationSeconds).catch((error: unknown) => {
      if (durationSeconds > hour && exceedsMaxSessionDuration(error)) return ask(hour);
      throw error;
    });
  } catch (error) {
    throw translate(error, asked);
  }
}

/**
 * Role credentials for the credentials of another role (role chaining), at the regional endpoint. Throws as
 * `assumeRoleWithWebIdentity`, and `session_expired` if the credentials that sign have ended.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
export async function assumeRole(request: AssumeRoleRequest): Promise<RoleCredentials> {
  checkSamePartition(request.roleArn, request.region);
  const asked: AskedOf = { ...askedOf("AssumeRole", request), sourceRoleArn: request.sourceRoleArn };
  try {
    return await requestCredentials(
      "AssumeRole",
      request,
      asked,
      {
        RoleArn: request.roleArn,
        RoleSessionName: request.sessionName,
        DurationSeconds: String(Math.min(hour, Math.max(900, Math.floor(request.durationSeconds)))),
      },
      request.credentials,
    );
  } catch (error) {
    throw translate(error, asked);
  }
}

const TagClaims = v.object({
  [tagsClaim]: v.object({ principal_tags: v.object({ [sessionNameTag]: v.strictTuple([v.string()]) }) }),
});

/**
 * The session's name for an ID token, so that a trust policy can compare the two: the one that the server has given, else
 * the subject, both unverified; made from `user` where a server's subject has another form.
 */
export function tokenSessionName(token: Secret, user: string): string {
  const named = v.safeParse(TagClaims, decoded(token));
  const name = named.success
    ? named.output[tagsClaim].principal_tags[sessionNameTag][0]
    : (readIdentity(token)?.subject ?? "");
  return sessionNamePattern.test(name) ? name : roleSessionName(user);
}

/** Sends one operation, signed if there are credentials to sign with. */
async function requestCredentials(
  operation: keyof typeof answers,
  request: RoleRequest,
  asked: AskedOf,
  parameters: Record<string, string>,
  credentials?: AwsCredentials,
): Promise<RoleCredentials> {
  const { region } = request;
  const body = new URLSearchParams({ Action: operation, Version: "2011-06-15", ...parameters }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const response = await callAws(
    {
      prepare: async (date) => {
        const endpoint = controlEndpoint("sts", region, request.env ?? process.env);
        const signed =
          credentials === undefined
            ? { url: `${endpoint}/`, headers }
            : await signRequest(
                { method: "POST", endpoint, path: "/", headers, body },
                { service: "sts", region, credentials, date },
              );
        return { method: "POST", ...signed, body };
      },
      readError,
    },
    request,
  );
  const answer = v.safeParse(answers[operation], parseXml(response.body));
  if (!answer.success) {
    throw new VouchError("aws_error", `AWS STS in ${region} gave an answer without credentials.`, {
      hint: whatLeadsElsewhere(asked),
    });
  }
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.output.Credentials;
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
  return { ...askedOf("AssumeRoleWithWebIdentity", request), ...(identity ? { identity } : {}) };
}

function askedOf(operation: keyof typeof answers, { region, roleArn, asker, env = process.env }: RoleRequest): AskedOf {
  return { service: "STS", operation, region, roleArn, asker, endpointVariables: endpointVariables("sts", env) };
}

const IdentityClaims = v.object({ iss: v.string(), aud: v.union([v.string(), v.array(v.string())]), sub: v.string() });

/** Unverified claims of the token, only for error messages. */
function readIdentity(token: Secret): AskedOf["identity"] | undefined {
  const claims = v.safeParse(IdentityClaims, decoded(token));
  if (!claims.success) return undefined;
  const { iss, aud, sub } = claims.output;
  return { issuer: iss, audience: [aud].flat().join(", "), subject: sub };
}

/** The claims of a token, unverified; undefined if it is none. */
function decoded(token: Secret): unknown {
  try {
    return decodeJwt(token.expose());
  } catch {
    return undefined;
  }
}
