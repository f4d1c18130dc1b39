/** Whether the parts of an announcement fit together: partitions, profiles, and roles that publish. */
import { documentationUrl } from "../base/words/documentation.ts";
import { checkSamePartition, isSameRole } from "../aws/partitions.ts";
import { VouchError } from "../base/errors.ts";
import type { AnnouncedBody, AnnouncedRepository } from "./body.ts";

/**
 * Checks that each role is of its region's partition, that a repository's profile is announced with it and stands without
 * a role beside it, and that no role that publishes also reads: a repository, by a name, or on the way to such a role. Throws `usage`, with names of the body, which are ASCII.
 */
export function expectConsistent(body: AnnouncedBody): void {
  const { aws, profiles = [], repositories = [] } = body;
  if (aws !== undefined) checkSamePartition(aws.roleArn, aws.region);
  for (const { roleArn, region, via = [] } of profiles) {
    for (const arn of [...via, roleArn]) checkSamePartition(arn, region);
  }
  for (const each of repositories) checkRepository(each, body);
  const readers = [
    ...repositories.flatMap((each) => each.roleArn ?? []),
    ...(aws === undefined ? [] : [aws.roleArn]),
    ...profiles.map(({ roleArn }) => roleArn),
    ...profiles.flatMap(({ via = [] }) => via),
  ];
  for (const { publishRoleArn, domain, repository } of repositories) {
    if (!readers.some((arn) => isSameRole(arn, publishRoleArn))) continue;
    throw inconsistent(
      `${publishRoleArn} publishes to ${domain}/${repository} and also reads: what reads could publish, without a touch.`,
    );
  }
}

function checkRepository(each: AnnouncedRepository, body: AnnouncedBody): void {
  const { roleArn, publishRoleArn, profile, region, domain, repository } = each;
  if (roleArn !== undefined && profile !== undefined) {
    throw inconsistent(`${domain}/${repository} has a role and a profile: a profile has its own role.`);
  }
  const found = body.profiles?.find(({ name }) => name === profile);
  if (profile !== undefined && found === undefined) {
    throw inconsistent(`${domain}/${repository} names the profile ${profile}, which is not among the profiles.`);
  }
  for (const arn of [readingRole(each, body), publishRoleArn, ...(found?.via ?? [])]) {
    if (arn !== undefined) checkSamePartition(arn, region);
  }
}

function readingRole({ roleArn, profile }: AnnouncedRepository, { aws, profiles }: AnnouncedBody): string | undefined {
  if (profile !== undefined) return profiles?.find(({ name }) => name === profile)?.roleArn;
  return roleArn ?? aws?.roleArn;
}

function inconsistent(message: string): VouchError {
  return new VouchError("usage", message, {
    hint: `Give each a role of its own. An example: ${documentationUrl("profiles.md")}`,
  });
}
