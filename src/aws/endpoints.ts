/**
 * The control hosts of STS, CodeArtifact and KMS, by AWS's endpoint rules and standard environment variables.
 */
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { plainUrl } from "../base/net/plain-url.ts";
import { accountPattern, domainPattern, repositoryPattern } from "./names.ts";
import { regionPartition } from "./partitions.ts";

export type ServiceId = "sts" | "codeartifact" | "kms";

/**
 * The base URL of a service's control endpoint, without a trailing slash. `AWS_ENDPOINT_URL_STS`,
 * `AWS_ENDPOINT_URL_CODEARTIFACT`, `AWS_ENDPOINT_URL_KMS` and `AWS_ENDPOINT_URL` override the rules unless
 * `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true; `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` select the
 * variant. STS always uses the regional endpoint. Throws `usage` for a malformed region or URL, or a combination that
 * the endpoint rules reject.
 */
export function controlEndpoint(service: ServiceId, region: string, env: Environment): string {
  const partition = regionPartition(region);
  const fips = isTrue(env["AWS_USE_FIPS_ENDPOINT"]);
  const dualStack = isTrue(env["AWS_USE_DUALSTACK_ENDPOINT"]);
  const configured = configuredEndpoint(service, env);
  if (configured) {
    if (fips || dualStack) {
      const variable = fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT";
      throw new VouchError("usage", `${configured.variable} and ${variable} cannot be used together.`, {
        hint: `Unset one of them. ${restart}`,
      });
    }
    return configured.url;
  }
  if ((fips && !partition.supportsFips) || (dualStack && !partition.supportsDualStack)) {
    const variant = [fips && "FIPS", dualStack && "dual-stack"].filter(Boolean).join(" and ");
    throw new VouchError("usage", `The partition ${partition.id} of ${region} has no ${variant} endpoints.`, {
      hint: "Unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT.",
    });
  }
  // In GovCloud the plain STS host is FIPS; there is no sts-fips.
  const fipsAtPlainName = service === "sts" && partition.id === "aws-us-gov" && !dualStack;
  const name = fips && !fipsAtPlainName ? `${service}-fips` : service;
  return `https://${name}.${region}.${dualStack ? partition.dualStackDnsSuffix : partition.dnsSuffix}`;
}

export interface PackageRepository {
  domain: string;
  /** 12 digits. */
  domainOwner: string;
  region: string;
  repository: string;
}

/** Validates the names of a domain, its owner and a repository by the service model (2018-09-22). Throws `usage`. */
export function checkNames(names: { domain: string; domainOwner: string; repository?: string }): void {
  expect(domainPattern.test(names.domain), "a CodeArtifact domain name (2 to 50 of a-z, 0-9 and -)", names.domain);
  expect(accountPattern.test(names.domainOwner), "a 12-digit account id as the domain owner", names.domainOwner);
  if (names.repository !== undefined) {
    expect(
      repositoryPattern.test(names.repository),
      "a CodeArtifact repository name (2 to 100 of letters, digits, ., _ and -)",
      names.repository,
    );
  }
}

function expect(ok: boolean, what: string, got: string): void {
  if (!ok) throw new VouchError("usage", `Expected ${what}, got "${got}".`);
}

/** The set environment variables that redirect the service's requests away from AWS, the effective one first. */
export function endpointVariables(service: ServiceId, env: Environment): string[] {
  if (isTrue(env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"])) return [];
  return [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, "AWS_ENDPOINT_URL"].filter((name) => env[name]);
}

/** Who reads the variables has the environment that it was started with. */
const restart =
  "Then start again what reads it: the agent (`vouch agent stop`, `vouch login`), the job, or the server.";

function configuredEndpoint(service: ServiceId, env: Environment): { variable: string; url: string } | undefined {
  const [variable] = endpointVariables(service, env);
  if (!variable) return undefined;
  const url = plainUrl(env[variable] ?? "");
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new VouchError("usage", `Expected ${variable} to be a plain http(s) URL.`, {
      hint: `Correct or unset ${variable}. ${restart}`,
    });
  }
  return { variable, url: url.origin + url.pathname.replace(/\/+$/, "") };
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}
