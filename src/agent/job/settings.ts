/**
 * Settings of a job without an agent: the settings file, if there is one, overridden by environment variables, which
 * `vouch exec` sets from its flags.
 */
import type { Environment } from "../../base/environment.ts";
import { checkNames } from "../../aws/endpoints.ts";
import { packageEndpoint } from "../../aws/package-endpoints.ts";
import { parseRoleArn } from "../../aws/partitions.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import { packageFormats } from "../../base/package-format.ts";

/**
 * The settings with what the environment names: VOUCH_IDENTITY with VOUCH_AUDIENCE, VOUCH_ID_TOKEN_VARIABLE and
 * VOUCH_AWS_PROFILE; VOUCH_ROLE (without one anywhere AWS_ROLE_ARN); VOUCH_REGION (without one anywhere AWS_REGION,
 * AWS_DEFAULT_REGION); VOUCH_DOMAIN, VOUCH_DOMAIN_OWNER and VOUCH_REPOSITORY (several with commas), which replace the
 * repositories of the file. Throws `usage` for what is malformed, missing or contradictory.
 */
export function jobSettings(settings: Settings, env: Environment): Settings {
  const identity = identityOf(settings, env);
  const roleArn = env["VOUCH_ROLE"] || settings.aws?.roleArn || env["AWS_ROLE_ARN"];
  const region = env["VOUCH_REGION"] || settings.aws?.region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  if (env["VOUCH_ROLE"] && identity?.name.startsWith("aws-")) {
    throw new VouchError("usage", `The identity ${identity.name} has its own credentials and assumes no role.`, {
      hint: "Leave out --role (VOUCH_ROLE), or choose the identity of the platform.",
    });
  }
  return {
    ...settings,
    identity,
    aws: roleArn ? { roleArn, ...(region ? { region } : {}) } : undefined,
    repositories: repositoriesOf(env, roleArn, region) ?? settings.repositories,
  };
}

function identityOf(settings: Settings, env: Environment): Settings["identity"] {
  if (!env["VOUCH_IDENTITY"]) return settings.identity;
  return {
    name: env["VOUCH_IDENTITY"],
    audience: env["VOUCH_AUDIENCE"] || undefined,
    idTokenVariable: env["VOUCH_ID_TOKEN_VARIABLE"] || undefined,
    profile: env["VOUCH_AWS_PROFILE"] || undefined,
  };
}

function repositoriesOf(
  env: Environment,
  roleArn: string | undefined,
  region: string | undefined,
): RepositorySettings[] | undefined {
  const { VOUCH_DOMAIN: domain, VOUCH_REPOSITORY: repositories } = env;
  if (!domain && !repositories) return undefined;
  if (!domain || !repositories) {
    throw new VouchError("usage", `${domain ? "The repository" : "The domain"} is missing.`, {
      hint: "Give both `--domain DOMAIN` and `--repository REPOSITORY`, or set VOUCH_DOMAIN and VOUCH_REPOSITORY.",
    });
  }
  if (!region) {
    throw new VouchError("usage", `Which region is the domain ${domain} in?`, {
      hint: "Give `--region REGION`, or set VOUCH_REGION or AWS_REGION.",
    });
  }
  const domainOwner = env["VOUCH_DOMAIN_OWNER"] || (roleArn && parseRoleArn(roleArn).accountId);
  if (!domainOwner) {
    throw new VouchError("usage", `Which account owns the domain ${domain}? No role is set that would tell.`, {
      hint: "Give `--domain-owner` with the 12-digit account id, or set VOUCH_DOMAIN_OWNER.",
    });
  }
  const names = repositories.split(",").map((name) => name.trim());
  return names.map((repository) => repositoryOf({ domain, domainOwner, region, repository }));
}

function repositoryOf(place: Omit<RepositorySettings, "endpoints">): RepositorySettings {
  checkNames(place);
  const endpoints = packageFormats.map((format) => [format, packageEndpoint({ ...place, format })]);
  return { ...place, endpoints: Object.fromEntries(endpoints) };
}
