/**
 * Roles for publishing, which only a touch leads to. One that reads as well would publish without: its read tokens can
 * publish, and nothing asks for a touch before they are given out.
 */
import { isSameRole } from "../aws/partitions.ts";
import { VouchError } from "../base/errors.ts";
import type { Purpose } from "../base/purpose.ts";
import { knownRole } from "./roles.ts";
import type { RepositorySettings, Settings } from "./settings.ts";

/** A role for publishing that also reads. */
export interface SharedRole {
  /** As the repository that it publishes to has it. */
  arn: string;
  /** The repository that it publishes to, and the one that it reads from: the same one, or another. */
  publishes: RepositorySettings;
  reads: RepositorySettings;
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

/** Every role for publishing that also reads, by whichever name the settings have it: a repository's own, a profile's. */
export function sharedRoles(settings: Settings): SharedRole[] {
  const { repositories } = settings;
  return repositories.flatMap((publishes) => {
    const { publishRoleArn: arn } = publishes;
    if (arn === undefined) return [];
    return repositories
      .filter((each) => isSameRole(knownRole(each, settings)?.arn, arn))
      .map((reads) => ({ arn, publishes, reads }));
  });
}

/**
 * Checks what a command is about to save. `concerns` says which repositories it has changed: a fault of others is not
 * its own. Throws `usage`.
 */
export function refuseSharedRoles(settings: Settings, concerns: (repository: RepositorySettings) => boolean): void {
  const shared = sharedRoles(settings).find(({ publishes, reads }) => concerns(publishes) || concerns(reads));
  if (shared !== undefined) throw refusal("usage", shared);
}

/** What is wrong, without the remedy. */
export function saidOfSharedRole({ arn, publishes, reads }: SharedRole): string {
  const place = nameOf(reads);
  const same = publishes === reads;
  return `${arn} is the role that publishes to ${nameOf(publishes)}, and it also reads from ${same ? "it" : place}: what reads could publish, without a touch.`;
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
