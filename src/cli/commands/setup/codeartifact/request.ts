/** Resolves the flags of `vouch setup codeartifact` and the defaults of absent ones. */
import type { Environment } from "../../../../base/environment.ts";
import type { PackageFormat } from "../../../../base/package-format.ts";
import { checkNames } from "../../../../aws/endpoints.ts";
import { equivalentEndpoints, packageEndpoint } from "../../../../aws/package-endpoints.ts";
import { parseRoleArn, regionPartition } from "../../../../aws/partitions.ts";
import { checkRegistryName, registryNameFrom } from "../../../../tools/cargo/config-file.ts";
import { indexNames } from "../../../../tools/cargo/project/other-names.ts";
import { profileNamed } from "../../../../settings/roles.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { VouchError } from "../../../../base/errors.ts";
import { closest } from "../../../../base/words/closest.ts";
import { missing, usage } from "../../../framework/arguments.ts";
import { awsRegion } from "../aws-region.ts";
import { type RoleFlags, roleSettings } from "./role-flags.ts";
import { settableNames, toolNamed, type ToolName, toolNames } from "../../../../tools/tools.ts";

export const commandName = "vouch setup codeartifact";

/** Which package managers are set up, and the one name that only Cargo's registry has. */
export const toolArgs = {
  tool: {
    type: "string",
    valueHint: `${settableNames.join("|")},…`,
    description:
      "The package manager to configure; may be repeated, or several with commas between them. Without it: each that is installed.",
  },
  "registry-name": {
    type: "string",
    valueHint: "NAME",
    description: "The name of the Cargo registry. Without it: the repository's name.",
  },
} as const;

export interface Flags extends RoleFlags {
  domain?: string | undefined;
  repository?: string | undefined;
  region?: string | undefined;
  "domain-owner"?: string | undefined;
  "registry-name"?: string | undefined;
}

type Names = Pick<RepositorySettings, "domain" | "domainOwner" | "region" | "repository">;

/**
 * Returns the repository that the flags name. The default region is that of the profile, else of `vouch setup aws`,
 * else that of AWS's tools; the default domain owner is the role's account. Throws `usage` for malformed or missing
 * names.
 */
export function resolveNames(flags: Flags, settings: Settings, env: Environment): Names {
  const { domain, repository } = flags;
  if (domain === undefined || repository === undefined) {
    const name = domain === undefined ? "domain" : "repository";
    throw missing(`--${name} is missing.`, commandName, `${commandName} --domain DOMAIN --repository REPOSITORY`);
  }
  const roles = roleSettings(flags, settings);
  const profile = roles.profile === undefined ? undefined : profileNamed(roles.profile, settings);
  const region = flags.region ?? profile?.region ?? settings.aws?.region ?? awsRegion(env);
  if (region === undefined) {
    throw new VouchError("usage", "--region is missing, and no region is set.", {
      hint: "Give --region REGION, or set it once with `vouch setup aws --role ARN --region REGION`.",
    });
  }
  const roleArn = roles.roleArn ?? profile?.roleArn ?? settings.aws?.roleArn;
  const domainOwner = flags["domain-owner"] ?? (roleArn === undefined ? undefined : parseRoleArn(roleArn).accountId);
  if (domainOwner === undefined) {
    throw new VouchError("usage", "Which account owns the domain? No role is set that would tell.", {
      hint: "Run `vouch setup aws --role ARN` first, or give --domain-owner with the 12-digit account id.",
    });
  }
  const names = { domain, domainOwner, region, repository };
  checkNames(names);
  regionPartition(region, commandName);
  return names;
}

/**
 * Returns the configured repositories that match all given flags, for a removal. Throws `usage` if a repository is
 * named and several match.
 */
export function findConfigured(flags: Flags, { repositories }: Settings): RepositorySettings[] {
  const found = repositories.filter(
    ({ domain, repository, region, domainOwner }) =>
      (flags.domain ?? domain) === domain &&
      (flags.repository ?? repository) === repository &&
      (flags.region ?? region) === region &&
      (flags["domain-owner"] ?? domainOwner) === domainOwner,
  );
  if (found.length <= 1 || flags.domain === undefined || flags.repository === undefined) return found;
  const places = found.map(({ domainOwner, region }) => `${domainOwner} in ${region}`).join(", ");
  throw new VouchError("usage", `${flags.domain}/${flags.repository} is set up more than once: ${places}.`, {
    hint: "Say which with --domain-owner and --region.",
  });
}

/** Parses block ids into repositories, which the settings may have lost; ignores other ids. */
export function repositoriesOf(blockIds: readonly string[]): RepositorySettings[] {
  return blockIds.flatMap((id) => {
    const [, domain, repository, domainOwner, region] = /^([^/\s]+)\/(\S+) ([0-9]{12}) (\S+)$/.exec(id) ?? [];
    if (domain === undefined || repository === undefined) return [];
    return [{ domain, repository, domainOwner: domainOwner!, region: region!, endpoints: {} }];
  });
}

/**
 * Returns the configured repositories that a setup replaces: those of the same name in another domain, account or
 * region, unless `--add` keeps them or they differ in formats, Cargo registry name or npm scopes, or in the role or
 * profile that the flags give: then it is no slip in a name.
 */
export function supersededBy(
  names: Names,
  flags: Flags & { add?: boolean | undefined },
  { scopes, formats }: { scopes: string[]; formats: PackageFormat[] },
  settings: Settings,
): RepositorySettings[] {
  if (flags.add) return [];
  const { role, profile } = flags;
  const given = role === undefined && profile === undefined ? undefined : roleSettings({ role, profile }, settings);
  const registry = flags["registry-name"];
  return settings.repositories.filter(
    (other) =>
      other.repository === names.repository &&
      !sameRepository(other, names) &&
      (given === undefined || (given.roleArn === other.roleArn && given.profile === other.profile)) &&
      formats.some((format) => other.endpoints[format] !== undefined) &&
      (registry === undefined || other.registryName === undefined || other.registryName === registry) &&
      (scopes.length === 0 || !other.npmScopes || other.npmScopes.some((scope) => scopes.includes(scope))),
  );
}

/** Whether both name the same AWS repository. */
export function sameRepository(a: Names, b: Names): boolean {
  return (
    a.domain === b.domain && a.domainOwner === b.domainOwner && a.region === b.region && a.repository === b.repository
  );
}

/** Returns the id of the repository's blocks in configuration files. */
export function blockId({ domain, domainOwner, region, repository }: Names): string {
  return `${domain}/${repository} ${domainOwner} ${region}`;
}

/**
 * Returns the name of the Cargo registry: the given one, else the configured one, else an unused one derived from the
 * repository's name; one that this folder's project gives the index comes first. Throws `usage` if Cargo rejects the given one or another configured repository has it.
 */
export function registryName(flags: Flags, names: Names, { repositories }: Settings): string {
  const own = repositories.find((other) => sameRepository(other, names));
  const ownerOf = (name: string): RepositorySettings | undefined =>
    repositories.find((each) => each !== own && each.endpoints.cargo && each.registryName === name);
  const given = flags["registry-name"];
  if (given === undefined) {
    const { domain, domainOwner, region, repository } = names;
    const endpoint = packageEndpoint({ ...names, format: "cargo" });
    const inProject = [endpoint, ...equivalentEndpoints(names, "cargo", endpoint)].flatMap((each) =>
      indexNames(`sparse+${each}`, process.cwd(), process.env),
    );
    const likely = [
      ...inProject,
      repository,
      `${domain}-${repository}`,
      `${domain}-${domainOwner}-${region}-${repository}`,
    ];
    return (
      own?.registryName ?? likely.map(registryNameFrom).find((name) => !ownerOf(name)) ?? registryNameFrom(repository)
    );
  }
  checkRegistryName(given);
  const other = ownerOf(given);
  if (!other) return given;
  throw usage(
    `The Cargo registry ${given} is ${other.domain}/${other.repository}.`,
    commandName,
    "--registry-name NAME",
  );
}

/** Parses npm scopes, each into "@scope". Throws `usage`. */
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

/** Parses `--tool`, which may be repeated and take lists (`cargo,npm`), into tools in a fixed order. Throws `usage`. */
export function parseTools(values: string[], command: string): ToolName[] {
  const words = values.flatMap((value) => value.split(","));
  const named = new Set(words.map((word) => parseTool(word.trim(), command)));
  return toolNames.filter((name) => named.has(name));
}

function parseTool(name: string, command: string): ToolName {
  const tool = toolNamed(name);
  if (tool !== undefined) return tool;
  const meant = closest(name.toLowerCase(), settableNames);
  throw usage(
    `--tool expects ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(settableNames)}, got "${name}".`,
    command,
    meant === undefined ? undefined : `--tool ${meant}`,
  );
}
