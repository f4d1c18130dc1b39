/** The flags of `vouch setup codeartifact` for the roles of one repository. */
import { purposes } from "../../../../base/purpose.ts";
import { checkRole, knownRole, profileNamed } from "../../../../settings/roles.ts";
import { parseRoleArn } from "../../../../aws/partitions.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { usage } from "../../../framework/arguments.ts";

const commandName = "vouch setup codeartifact";

export interface RoleFlags {
  role?: string | undefined;
  "publish-role"?: string | undefined;
  profile?: string | undefined;
}

type RoleSettings = Pick<RepositorySettings, "roleArn" | "publishRoleArn" | "profile">;

/** The arguments of the command. */
export const roleArgs = {
  role: {
    type: "string",
    valueHint: "ARN",
    description:
      "The role that reads from this domain, where it is not that of `vouch setup aws`. `none` takes it away.",
  },
  "publish-role": {
    type: "string",
    valueHint: "ARN",
    description:
      "The role that publishes, after a touch of your security key: another one than reads, or it would need no touch. `none` takes it away.",
  },
  profile: {
    type: "string",
    valueHint: "NAME",
    description: "The profile of `vouch setup aws --profile` that leads to this domain. `none` takes it away.",
  },
} as const;

/**
 * What the flags set, to be merged over what is set already; undefined takes away. A role takes the place of a profile
 * and the reverse. Throws `usage` for both, and for what is no role's ARN; `settings_missing` for an unknown profile.
 */
export function roleSettings(flags: RoleFlags, settings: Settings): RoleSettings {
  const { role, profile, "publish-role": publish } = flags;
  if (role !== undefined && profile !== undefined && role !== "none" && profile !== "none") {
    throw usage("--role and --profile exclude each other: a profile has its own role.", commandName);
  }
  for (const arn of [role, publish]) if (arn !== undefined && arn !== "none") parseRoleArn(arn);
  if (profile !== undefined && profile !== "none") profileNamed(profile, settings);
  const value = (text: string) => (text === "none" ? undefined : text);
  return {
    ...(profile === undefined ? {} : { roleArn: undefined, profile: value(profile) }),
    ...(role === undefined ? {} : { ...(role === "none" ? {} : { profile: undefined }), roleArn: value(role) }),
    ...(publish === undefined ? {} : { publishRoleArn: value(publish) }),
  };
}

/**
 * As `roleSettings`, for a place with what is set there already; checks that the roles for both purposes are of its
 * region's partition. Throws `usage`.
 */
export function checkedRoles(
  flags: RoleFlags,
  place: RoleSettings & { region: string },
  settings: Settings,
): RoleSettings {
  const roles = roleSettings(flags, settings);
  for (const purpose of purposes) {
    const role = knownRole({ ...place, ...roles }, settings, purpose);
    if (role) checkRole(role, [place.region], commandName);
  }
  return roles;
}
