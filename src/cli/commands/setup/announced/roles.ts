/** The roles and profiles of an announcement in the settings, with those of repositories that are set up already. */
import { purposes } from "../../../../base/purpose.ts";
import { refuseNewSharedRoles } from "../../../../settings/publish-roles.ts";
import { checkRole, knownRole } from "../../../../settings/roles.ts";
import { withoutUnusedServers } from "../../../../settings/servers.ts";
import type { ProfileSettings, RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { sameRepository } from "../codeartifact/request.ts";
import { type Difference, withoutEndpoints } from "./difference.ts";

/**
 * The settings with the announced roles, all at once: none of them is a moment without its counterpart. Folders of a
 * profile stay a person's own.
 */
export function withRoles({ aws, profiles, repositories }: Difference, settings: Settings): Settings {
  const { aws: here, ...rest } = settings;
  const role = aws === undefined ? here : (aws ?? undefined);
  const named = Object.fromEntries(
    profiles.map(({ name, ...profile }): [string, ProfileSettings] => {
      const folders = settings.profiles?.[name]?.folders;
      return [name, { ...profile, ...(folders === undefined ? {} : { folders }) }];
    }),
  );
  const all = { ...settings.profiles, ...named };
  return withoutUnusedServers({
    ...rest,
    ...(role === undefined ? {} : { aws: role }),
    ...(Object.keys(all).length === 0 ? {} : { profiles: all }),
    repositories: settings.repositories.map((each) => {
      const found = repositories.find(({ wanted }) => sameRepository(wanted, each));
      return found === undefined ? each : withRolesOf(each, found.wanted);
    }),
  });
}

type Roles = Pick<RepositorySettings, "roleArn" | "publishRoleArn" | "profile">;

function withRolesOf(repository: RepositorySettings, { roleArn, publishRoleArn, profile }: Roles): RepositorySettings {
  const { roleArn: _, publishRoleArn: __, profile: ___, ...rest } = repository;
  return {
    ...rest,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(publishRoleArn === undefined ? {} : { publishRoleArn }),
    ...(profile === undefined ? {} : { profile }),
  };
}

/**
 * Checks what would be set up together with what is set here: partitions, and that no role that publishes also reads.
 * Throws `usage`.
 */
export function expectSound(difference: Difference, settings: Settings): void {
  const after = withRoles(difference, settings);
  const former = difference.formerRepositories.map(({ repository }) => repository);
  const added = difference.repositories
    .filter(({ wanted }) => !settings.repositories.some((each) => sameRepository(each, wanted)))
    .map(({ wanted }) => withoutEndpoints(wanted));
  const stay = after.repositories.filter((each) => !former.some((other) => sameRepository(other, each)));
  const all = { ...after, repositories: [...stay, ...added] };
  const isConcerned = (each: RepositorySettings): boolean =>
    difference.repositories.some(({ wanted }) => sameRepository(wanted, each)) ||
    difference.profiles.some(({ name }) => name === each.profile);
  for (const each of all.repositories.filter(isConcerned)) {
    for (const purpose of purposes) {
      const role = knownRole(each, all, purpose);
      if (role !== undefined) checkRole(role, [each.region]);
    }
  }
  // A fault that is there already is not the announcement's.
  refuseNewSharedRoles(all, settings);
}

/** The settings without these profiles. */
export function withoutProfiles(names: readonly string[], settings: Settings): Settings {
  const { profiles = {}, ...rest } = settings;
  const left = Object.entries(profiles).filter(([name]) => !names.includes(name));
  return withoutUnusedServers({ ...rest, ...(left.length === 0 ? {} : { profiles: Object.fromEntries(left) }) });
}
