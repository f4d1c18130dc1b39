/** What is announced, and what is set here, in the same words: a difference is read line by line. */
import type { AnnouncedRepository } from "../../../../announced/body.ts";
import type { ProfileSettings, RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { listed } from "../codeartifact/selected-tools.ts";

/** "role ARN, in REGION" */
export function saidOfRole({ roleArn, region }: NonNullable<Settings["aws"]>): string {
  return `role ${roleArn}${region === undefined ? "" : `, in ${region}`}`;
}

/** "profile NAME: role ARN, in REGION, by way of ARN" */
export function saidOfProfile({ name, ...profile }: { name: string } & Omit<ProfileSettings, "folders">): string {
  const { via = [] } = profile;
  const way = via.length === 0 ? "" : `, by way of ${listed(via)}`;
  const server = profile.server !== undefined ? `, at ${profile.server}` : "";
  return `profile ${name}: ${saidOfRole(profile)}${way}${server}`;
}

/** "DOMAIN/REPOSITORY of ACCOUNT, in REGION" */
export function saidOfPlace({
  domain,
  domainOwner,
  region,
  repository,
}: Pick<RepositorySettings, "domain" | "domainOwner" | "region" | "repository">): string {
  return `${domain}/${repository} of ${domainOwner}, in ${region}`;
}

/** `tools`: those that are, or would be, set up here. */
export function saidOfRepository(
  each: Omit<AnnouncedRepository, "tools"> | RepositorySettings,
  tools: readonly string[],
): string {
  const { roleArn, profile, publishRoleArn, npmScopes, extra } = each;
  return [
    `repository ${saidOfPlace(each)}`,
    tools.length === 0 ? undefined : `for ${listed(tools)}`,
    npmScopes === undefined || npmScopes.length === 0 ? undefined : `npm scopes ${listed(npmScopes)}`,
    extra === true ? "beside the public registry" : undefined,
    roleArn === undefined ? undefined : `read as ${roleArn}`,
    profile === undefined ? undefined : `by the profile ${profile}`,
    publishRoleArn === undefined ? undefined : `published to as ${publishRoleArn}, by touch`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}
