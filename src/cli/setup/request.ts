/** What `vouch setup codeartifact` was asked for: the flags, and what stands in for those that are not given. */
import { checkNames } from "../../aws/endpoints.ts";
import { checkSamePartition, parseRoleArn, regionPartition } from "../../aws/partitions.ts";
import { checkRegistryName } from "../../config/cargo-toml.ts";
import type { RepositorySettings, Settings } from "../../config/settings.ts";
import { VouchError } from "../../errors.ts";
import { usage } from "../arguments.ts";
import { awsRegion } from "./aws-region.ts";

export const commandName = "vouch setup codeartifact";

export interface Flags {
  domain: string;
  repository: string;
  region?: string | undefined;
  "domain-owner"?: string | undefined;
  "registry-name"?: string | undefined;
}

type Environment = Record<string, string | undefined>;

type Names = Pick<RepositorySettings, "domain" | "domainOwner" | "region" | "repository">;

/**
 * The repository that the flags name. The region comes from `vouch setup aws`, or from where AWS's tools take it, when it is
 * not given, the domain's owner is the role's account. Throws `usage` for malformed names, for what is missing, and
 * when region and role are of different partitions.
 */
export function resolveNames(flags: Flags, settings: Settings, env: Environment): Names {
  const region = flags.region ?? settings.aws?.region ?? awsRegion(env);
  if (region === undefined) {
    throw usage("Which region is the domain in?", commandName, `${commandName} --region us-east-1 …`);
  }
  const roleArn = settings.aws?.roleArn;
  const domainOwner = flags["domain-owner"] ?? (roleArn === undefined ? undefined : parseRoleArn(roleArn).accountId);
  if (domainOwner === undefined) {
    throw new VouchError("usage", "Which account owns the domain? No role is set that would tell.", {
      hint: "Run `vouch setup aws --role ARN` first, or give --domain-owner with the 12-digit account id.",
    });
  }
  const names = { domain: flags.domain, domainOwner, region, repository: flags.repository };
  checkNames(names);
  if (roleArn === undefined) regionPartition(region);
  else checkSamePartition(roleArn, region);
  return names;
}

/** The configured repository that a removal means; undefined when there is none. Throws `usage` when several fit. */
export function findConfigured(flags: Flags, { repositories }: Settings): RepositorySettings | undefined {
  const found = repositories.filter(
    ({ domain, repository, region, domainOwner }) =>
      domain === flags.domain &&
      repository === flags.repository &&
      (flags.region === undefined || region === flags.region) &&
      (flags["domain-owner"] === undefined || domainOwner === flags["domain-owner"]),
  );
  if (found.length <= 1) return found[0];
  const places = found.map(({ domainOwner, region }) => `${domainOwner} in ${region}`).join(", ");
  throw new VouchError("usage", `${flags.domain}/${flags.repository} is set up more than once: ${places}.`, {
    hint: "Say which with --domain-owner and --region.",
  });
}

/** Whether both mean the same repository of AWS. */
export function sameRepository(a: Names, b: Names): boolean {
  return (
    a.domain === b.domain && a.domainOwner === b.domainOwner && a.region === b.region && a.repository === b.repository
  );
}

/** The name of the repository's blocks in configuration files. */
export function blockId({ domain, domainOwner, region, repository }: Names): string {
  return `${domain}/${repository} ${domainOwner} ${region}`;
}

/**
 * The name of the Cargo registry: as given, else as before, else the repository's. Throws `usage` when Cargo would not
 * take it, or when another configured repository has it.
 */
export function registryName(flags: Flags, names: Names, { repositories }: Settings): string {
  const own = repositories.find((other) => sameRepository(other, names));
  const name = flags["registry-name"] ?? own?.registryName ?? names.repository;
  checkRegistryName(name);
  const other = repositories.find((each) => each !== own && each.endpoints.cargo && each.registryName === name);
  if (!other) return name;
  throw usage(
    `The Cargo registry ${name} is ${other.domain}/${other.repository}.`,
    commandName,
    "--registry-name NAME",
  );
}

/** The scopes of npm, each as "@scope". Throws `usage`. */
export function parseScopes(values: string[]): string[] {
  const scopes = values.flatMap((value) => value.split(",")).map((scope) => scope.trim());
  for (const scope of scopes) {
    if (!/^@[a-z0-9~-][a-z0-9._~-]*$/.test(scope)) {
      const meant = /^[a-z0-9]/.test(scope) ? `--scope @${scope}` : undefined;
      throw usage(`--scope expects an npm scope such as @acme, got "${scope}".`, commandName, meant);
    }
  }
  return [...new Set(scopes)];
}
