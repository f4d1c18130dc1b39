/** AWS CodeArtifact, API version 2018-09-22: authorization tokens and repository endpoints. */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import type { PackageFormat } from "../base/package-format.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { Secret } from "../base/secret.ts";
import { callAws, type CallOptions } from "./call.ts";
import { checkNames, controlEndpoint, endpointVariables, type PackageRepository } from "./endpoints.ts";
import type { EndpointType } from "./package-endpoints.ts";
import { translate, type AskedOf, whatLeadsElsewhere } from "./errors.ts";
import { regionPartition } from "./partitions.ts";
import { signRequest, type AwsCredentials } from "./sigv4.ts";
import { parseJson } from "../base/json.ts";

interface DomainRequest extends CallOptions {
  domain: string;
  /** The AWS account that owns the domain: 12 digits. */
  domainOwner: string;
  region: string;
  credentials: AwsCredentials;
}

export interface GetAuthorizationTokenRequest extends DomainRequest {
  /** 0: until the role credentials expire; else clamped to 900 to 43200. */
  durationSeconds: number;
}

export interface AuthorizationToken {
  token: Secret;
  /** Expiration in seconds since 1970. */
  expiration: number;
}

export interface GetRepositoryEndpointRequest extends DomainRequest {
  repository: string;
  format: PackageFormat;
  /** The kind of host; AWS gives that for IPv4 without it. */
  endpointType?: EndpointType;
}

// Printable ASCII only: the token is used in header fields and environment variables.
const TokenAnswer = v.object({
  authorizationToken: v.pipe(v.string(), v.regex(/^[\u0021-\u007e]{1,65536}$/)),
  // Seconds, possibly fractional, until the year 9999; the caller's clock decides whether it is past.
  expiration: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(253_402_300_799)),
});
const EndpointAnswer = v.object({ repositoryEndpoint: v.pipe(v.string(), v.url(), v.startsWith("https://")) });
const ErrorAnswer = v.object({
  message: v.optional(v.string()),
  Message: v.optional(v.string()),
  __type: v.optional(v.string()),
});

/**
 * Requests an authorization token, which is valid for every repository of the domain. Throws `usage` (malformed names;
 * nothing is sent), `access_denied`, `aws_not_found`, `session_expired` (the role credentials have expired),
 * `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function getAuthorizationToken(request: GetAuthorizationTokenRequest): Promise<AuthorizationToken> {
  const { domain, domainOwner, durationSeconds } = request;
  const duration = durationSeconds === 0 ? 0 : Math.min(43200, Math.max(900, Math.floor(durationSeconds)));
  const answer = await send(request, "GetAuthorizationToken", TokenAnswer, {
    method: "POST",
    path: "/v1/authorization-token",
    query: { domain, "domain-owner": domainOwner, duration: String(duration) },
  });
  return { token: new Secret(answer.authorizationToken), expiration: Math.floor(answer.expiration) };
}

/**
 * Requests the URL of a repository for one package format, with a trailing slash. Throws as `getAuthorizationToken`.
 */
export async function getRepositoryEndpoint(request: GetRepositoryEndpointRequest): Promise<string> {
  const { domain, domainOwner, repository, format, endpointType } = request;
  const type = endpointType === undefined ? {} : { endpointType };
  const answer = await send(request, "GetRepositoryEndpoint", EndpointAnswer, {
    method: "GET",
    path: "/v1/repository/endpoint",
    query: { domain, "domain-owner": domainOwner, repository, format, ...type },
  });
  return answer.repositoryEndpoint.replace(/\/*$/, "/");
}

type Operation = "GetAuthorizationToken" | "GetRepositoryEndpoint";

async function send<Schema extends v.GenericSchema>(
  request: DomainRequest & { repository?: string },
  operation: Operation,
  schema: Schema,
  message: { method: "GET" | "POST"; path: string; query: Record<string, string> },
): Promise<v.InferOutput<Schema>> {
  checkNames(request);
  const endpoint = controlEndpoint("codeartifact", request.region, request.env ?? process.env);
  const scope = { service: "codeartifact", region: request.region, credentials: request.credentials };
  try {
    const response = await callAws(
      {
        prepare: async (date) => ({
          method: message.method,
          ...(await signRequest({ endpoint, ...message }, { ...scope, date })),
        }),
        readError,
      },
      request,
    );
    return readAnswer(response, schema, describe(request, operation));
  } catch (error) {
    throw translate(error, describe(request, operation));
  }
}

function readAnswer<Schema extends v.GenericSchema>(
  response: HttpResponse,
  schema: Schema,
  asked: AskedOf,
): v.InferOutput<Schema> {
  const answer = v.safeParse(schema, parseJson(response.body));
  if (answer.success) return answer.output;
  const place = v.getDotPath(answer.issues[0]) ?? "its top level";
  throw new VouchError(
    "aws_error",
    `AWS CodeArtifact in ${asked.region} answered ${asked.operation} with something unexpected at ${place}.`,
    { hint: whatLeadsElsewhere(asked) },
  );
}

/** REST-JSON errors: the code is in x-amzn-errortype (`Code:uri`) or in the body (`namespace#Code`). */
function readError(response: HttpResponse): { code: string; message: string } {
  const parsed = v.safeParse(ErrorAnswer, parseJson(response.body));
  const body: v.InferOutput<typeof ErrorAnswer> = parsed.success ? parsed.output : {};
  const type = response.headers.get("x-amzn-errortype") ?? body["__type"] ?? "";
  return { code: type.replace(/:.*$/, "").replace(/^.*#/, ""), message: body.message ?? body.Message ?? "" };
}

function describe(request: DomainRequest & PartialRepository, operation: Operation): AskedOf {
  const { domain, domainOwner, repository, region, asker } = request;
  const arn = `arn:${regionPartition(region).id}:codeartifact:${region}:${domainOwner}`;
  return {
    service: "CodeArtifact",
    operation,
    region,
    asker,
    endpointVariables: endpointVariables("codeartifact", request.env ?? process.env),
    resources: repository
      ? {
          arns: [`${arn}:domain/${domain}`, `${arn}:repository/${domain}/${repository}`],
          names: `the repository "${repository}" in the domain "${domain}" of the account ${domainOwner}`,
        }
      : { arns: [`${arn}:domain/${domain}`], names: `the domain "${domain}" of the account ${domainOwner}` },
  };
}

type PartialRepository = Partial<Pick<PackageRepository, "repository">>;
