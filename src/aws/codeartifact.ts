/** AWS CodeArtifact, API version 2018-09-22: authorization tokens and repository endpoints. */
import * as v from "valibot";
import type { PackageFormat } from "../base/package-format.ts";
import { Secret } from "../base/secret.ts";
import { callCodeArtifact, type RegionRequest, type Subject } from "./codeartifact-call.ts";
import { checkNames } from "./endpoints.ts";
import type { EndpointType } from "./package-endpoints.ts";
import { regionPartition } from "./partitions.ts";

export interface DomainRequest extends RegionRequest {
  domain: string;
  /** The AWS account that owns the domain: 12 digits. */
  domainOwner: string;
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

/**
 * Requests an authorization token, which is valid for every repository of the domain. Throws `usage` (malformed names;
 * nothing is sent), `access_denied`, `aws_not_found`, `session_expired` (the role credentials have expired),
 * `aws_error`, `network`, `timeout`, `cancelled`.
 */
export async function getAuthorizationToken(request: GetAuthorizationTokenRequest): Promise<AuthorizationToken> {
  const { domain, domainOwner, durationSeconds } = request;
  const duration = durationSeconds === 0 ? 0 : Math.min(43200, Math.max(900, Math.floor(durationSeconds)));
  const answer = await askOf(request, "GetAuthorizationToken", TokenAnswer, {
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
  const answer = await askOf(request, "GetRepositoryEndpoint", EndpointAnswer, {
    method: "GET",
    path: "/v1/repository/endpoint",
    query: { domain, "domain-owner": domainOwner, repository, format, ...type },
  });
  return answer.repositoryEndpoint.replace(/\/*$/, "/");
}

/** Throws also `usage` for malformed names; nothing is sent then. */
function askOf<Schema extends v.GenericSchema>(
  request: DomainRequest & { repository?: string },
  operation: Subject["operation"],
  schema: Schema,
  message: { method: "GET" | "POST"; path: string; query: Record<string, string> },
): Promise<v.InferOutput<Schema>> {
  checkNames(request);
  return callCodeArtifact(request, { operation, resources: resourcesOf(request) }, schema, message);
}

/** The ARNs and the names of a domain, or of a repository in it, for error messages. */
export function resourcesOf({
  domain,
  domainOwner,
  repository,
  region,
}: Pick<DomainRequest, "domain" | "domainOwner" | "region"> & { repository?: string }): Subject["resources"] {
  const arn = `arn:${regionPartition(region).id}:codeartifact:${region}:${domainOwner}`;
  const ofDomain = `${arn}:domain/${domain}`;
  const names = `the domain "${domain}" of the account ${domainOwner}`;
  return repository === undefined
    ? { arns: [ofDomain], names }
    : {
        arns: [ofDomain, `${arn}:repository/${domain}/${repository}`],
        names: `the repository "${repository}" in ${names}`,
      };
}
