/**
 * Roles for publishing, which only a touch leads to. One that reads as well would publish without: its read tokens can
 * publish, and nothing asks for a touch before they are given out.
 */
import { isSameRole } from "../aws/partitions.ts";
import { VouchError } from "../base/errors.ts";
import type { Purpose } from "../base/purpose.ts";
import { knownRole, type Place } from "./roles.ts";
import type { RepositorySettings, Settings } from "./settings.ts";

/** What is read by: a repository, or the name of a profile, or no name at all (`vouch credential aws`). */
type Reader = RepositorySettings | { profile: string } | { region: string };

/** A role for publishing that also reads. */
export interface SharedRole {
  /** As the repository that it publishes to has it. */
  arn: string;
  /** The repository that it publishes to, and what reads by it, or by way of it. */
  publishes: RepositorySettings;
  reads: Reader;
  /** Whether it leads to the role that reads. */
  isVia: boolean;
}

/** Whether the repository has a role for publishing, so that its read tokens do not serve for it. */
export function hasPublishRole({ publishRoleArn }: RepositorySettings): boolean {
  return publishRoleArn !== undefined;
}

/**
 * The purpose that the repository tells apart: one whose tokens are all of one role has read tokens only. Throws
 * `settings_invalid` where a role for publishing also reads.
 */
export function purposeIn(repository: RepositorySettings, settings: Settings, purpose: Purpose = "read"): Purpose {
  const shared = sharedRoles(settings).find(
    ({ publishes, reads }) => reads === repository || (purpose === "publish" && publishes === repository),
  );
  if (shared !== undefined) throw refusal("settings_invalid", shared);
  return hasPublishRole(repository) ? purpose : "read";
}

/**
 * Every role for publishing that repositories are also read by, or by way of, by whichever name the settings have it: a
 * repository's own, a profile's.
 */
function sharedRoles(settings: Settings): SharedRole[] {
  return sharedBy(settings, () => settings.repositories);
}

/** As `sharedRoles`, and those that a profile, or the role without a name, leads to without any repository. */
export function allSharedRoles(settings: Settings): SharedRole[] {
  const { repositories, profiles = {} } = settings;
  // Names that a repository is read by are said with it.
  const isUsed = (name: string | undefined): boolean =>
    repositories.some(({ profile, roleArn }) => profile === name && (name !== undefined || roleArn === undefined));
  const names = Object.keys(profiles).flatMap((profile) => (isUsed(profile) ? [] : [{ profile }]));
  return sharedBy(settings, ({ region }) => [...repositories, ...names, ...(isUsed(undefined) ? [] : [{ region }])]);
}

function sharedBy(settings: Settings, readersOf: (publishes: RepositorySettings) => readonly Reader[]): SharedRole[] {
  return settings.repositories.flatMap((publishes) => {
    const { publishRoleArn: arn } = publishes;
    if (arn === undefined) return [];
    return readersOf(publishes).flatMap((reads): SharedRole[] => {
      const role = knownRole(reads, settings);
      const isVia = role?.via.some((each) => isSameRole(each, arn)) === true;
      return isVia || isSameRole(role?.arn, arn) ? [{ arn, publishes, reads, isVia }] : [];
    });
  });
}

/**
 * Checks what a command is about to save. `concerns` says which repositories and names it has changed: a fault of others
 * is not its own. Throws `usage`.
 */
export function refuseSharedRoles(settings: Settings, concerns: (reader: Place) => boolean): void {
  const shared = allSharedRoles(settings).find(({ publishes, reads }) => concerns(publishes) || concerns(reads));
  if (shared !== undefined) throw refusal("usage", shared);
}

/** Checks that settings have no such fault that others, from before, have not. Throws `usage`. */
export function refuseNewSharedRoles(settings: Settings, before: Settings): void {
  const known = new Set(allSharedRoles(before).map(saidOfSharedRole));
  const shared = allSharedRoles(settings).find((each) => !known.has(saidOfSharedRole(each)));
  if (shared !== undefined) throw refusal("usage", shared);
}

/** What is wrong, without the remedy. */
export function saidOfSharedRole(shared: SharedRole): string {
  const { arn, publishes } = shared;
  return `${arn} is the role that publishes to ${nameOf(publishes)}, and ${saidOfReader(shared)}: what reads could publish, without a touch.`;
}

function saidOfReader({ publishes, reads, isVia }: SharedRole): string {
  if ("repository" in reads) {
    const place = publishes === reads ? "it" : nameOf(reads);
    return isVia ? `it leads to the role that reads from ${place}` : `it also reads from ${place}`;
  }
  const name = "profile" in reads ? `the role of the profile ${reads.profile}` : "the role that is used without a name";
  return isVia ? `it leads to ${name}` : `it is ${name}`;
}

/** The command that separates them again. */
export function remedyOfSharedRole({ publishes: { domain, domainOwner, region, repository } }: SharedRole): string {
  const place = `--domain ${domain} --domain-owner ${domainOwner} --region ${region} --repository ${repository}`;
  return `vouch setup codeartifact ${place} --publish-role ARN`;
}

function refusal(code: "usage" | "settings_invalid", shared: SharedRole): VouchError {
  return new VouchError(code, saidOfSharedRole(shared), {
    hint: `Publishing needs a role of its own: \`${remedyOfSharedRole(shared)}\`, or \`--publish-role none\` to have none.`,
  });
}

function nameOf({ domain, repository }: RepositorySettings): string {
  return `${domain}/${repository}`;
}
