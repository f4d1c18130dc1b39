/** Which IAM role belongs to what: to a repository and a purpose, to a profile, to the settings as a whole. */
import { checkSamePartition } from "../aws/partitions.ts";
import { closest } from "../base/words/closest.ts";
import { VouchError } from "../base/errors.ts";
import type { Purpose } from "../base/purpose.ts";
import type { ProfileSettings, Settings } from "./settings.ts";

export interface Role {
  arn: string;
  /** The region whose STS is asked. */
  region: string;
  /** The roles that lead to it: the first one by an ID token, each further one by the credentials of the one before. */
  via: readonly string[];
}

/** Where a role is needed: a repository, or as much of one as is known. */
export interface Place {
  region?: string | undefined;
  roleArn?: string | undefined;
  publishRoleArn?: string | undefined;
  profile?: string | undefined;
}

/**
 * The role for the place: its own one, else its profile's, else that of the settings; for publishing its publish role,
 * if it has one. A publish role is reached as the profile's role is. Throws `settings_missing`.
 */
export function roleFor(place: Place | undefined, settings: Settings, purpose: Purpose = "read"): Role {
  const own = (purpose === "publish" ? place?.publishRoleArn : undefined) ?? place?.roleArn;
  if (place?.profile !== undefined) {
    const { roleArn, region, via = [] } = profileNamed(place.profile, settings);
    return { arn: own ?? roleArn, region, via };
  }
  const arn = own ?? settings.aws?.roleArn;
  // A repository's own role may be of another partition than the region of the settings.
  const region = own === undefined ? (settings.aws?.region ?? place?.region) : (place?.region ?? settings.aws?.region);
  if (arn !== undefined && region !== undefined) return { arn, region, via: [] };
  throw new VouchError("settings_missing", arn ? "No AWS region is configured." : "No AWS role is configured.", {
    hint: arn
      ? "Give `--region REGION`, or run `vouch setup aws --role ARN --region REGION`."
      : "Run `vouch setup aws --role ARN`.",
  });
}

/** As `roleFor`; undefined where the settings name no role. */
export function knownRole(place: Place | undefined, settings: Settings, purpose?: Purpose): Role | undefined {
  try {
    return roleFor(place, settings, purpose);
  } catch {
    return undefined;
  }
}

/** Throws `settings_missing` with the names of those that there are. */
export function profileNamed(name: string, { profiles = {} }: Pick<Settings, "profiles">): ProfileSettings {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return found;
  const names = Object.keys(profiles);
  const near = closest(name, names);
  const meant = near === undefined ? "" : `Did you mean \`${near}\`? `;
  throw new VouchError("settings_missing", `There is no profile "${name}".`, {
    hint: `${meant}${names.length > 0 ? `The profiles are ${names.join(", ")}. ` : ""}Run \`vouch setup aws --profile ${name} --role ARN --region REGION\`.`,
  });
}

/**
 * Checks that every role of the chain is a role's ARN of the partition of its region and of `further` ones. Throws
 * `usage`.
 */
export function checkRole({ arn, region, via }: Role, further: readonly string[] = [], command?: string): void {
  for (const each of [...via, arn]) for (const where of [region, ...further]) checkSamePartition(each, where, command);
}

/** The role whose credentials lead to this one; undefined if an ID token does. */
export function roleBefore({ region, via }: Role): Role | undefined {
  const arn = via.at(-1);
  return arn === undefined ? undefined : { arn, region, via: via.slice(0, -1) };
}
