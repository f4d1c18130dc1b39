/** `vouch setup aws --profile NAME`: named roles and regions in the settings. */
import { resolve } from "node:path";
import { VouchError } from "../../../base/errors.ts";
import { resolved } from "../../../settings/profile-folders.ts";
import { isKnownServer, serverOf, withoutUnusedServers } from "../../../settings/servers.ts";
import { serverUrl } from "../known-server.ts";
import { refuseSharedRoles } from "../../../settings/publish-roles.ts";
import { checkRole } from "../../../settings/roles.ts";
import {
  maxChainedRoles,
  profilePattern,
  type ProfileSettings,
  saveSettings,
  type Settings,
  settingsPath,
} from "../../../settings/settings.ts";
import { missing, usage } from "../../framework/arguments.ts";
import { note, printJson, success, warn } from "../../terminal/terminal.ts";
import { unlistedRegion } from "./aws-region.ts";
import { printSettingsChange } from "./print-change.ts";

interface ProfileFlags {
  role?: string | undefined;
  server?: string | undefined;
  region?: string | undefined;
  remove?: boolean | undefined;
  json?: boolean | undefined;
  dryRun: boolean;
  via: string[];
  folders: string[];
}

const commandName = "vouch setup aws";

/** Sets, changes or removes a profile. What is not given stays; nothing is written unless all of it is valid. */
export function setProfile(name: string, flags: ProfileFlags, settings: Settings): void {
  if (!profilePattern.test(name)) {
    throw usage(`--profile expects a name of letters, digits, ., _ and -, got "${name}".`, commandName);
  }
  const { [name]: before, ...others } = settings.profiles ?? {};
  if (flags.remove) return removeProfile(name, before, others, settings, flags);
  const roleArn = flags.role ?? before?.roleArn;
  const region = flags.region ?? before?.region;
  if (roleArn === undefined || region === undefined) {
    const flag = roleArn === undefined ? "--role" : "--region";
    const command = `${commandName} --profile ${name} --role ARN --region REGION`;
    throw missing(`${flag} is missing: there is no profile ${name} yet.`, commandName, command);
  }
  // Another role may be reached in another way: the chain of the former one is not kept.
  const via = flags.via.length > 0 || flags.role !== undefined ? flags.via : (before?.via ?? []);
  if (via.length > maxChainedRoles) {
    throw usage(`A profile takes at most ${maxChainedRoles} roles with --via, got ${via.length}.`, commandName);
  }
  checkRole({ arn: roleArn, region, via }, [], commandName);
  for (const { region: theirs, profile } of settings.repositories) {
    if (profile === name) checkRole({ arn: roleArn, region, via }, [theirs], commandName);
  }
  const folders = flags.folders.length > 0 ? foldersOf(flags.folders, others) : (before?.folders ?? []);
  const server =
    flags.server === undefined ? before?.server : flags.server === "none" ? undefined : serverUrl(flags.server);
  const next: ProfileSettings = {
    ...(server === undefined ? {} : { server }),
    roleArn,
    region,
    ...(via.length > 0 ? { via } : {}),
    ...(folders.length > 0 ? { folders } : {}),
  };
  const after = withoutUnusedServers({ ...settings, profiles: { ...settings.profiles, [name]: next } });
  refuseSharedRoles(after, ({ profile }) => profile === name);
  const { dryRun } = flags;
  if (!dryRun && !Bun.deepEquals(before, next, true)) saveSettings(after);
  if (flags.json) return printJson({ ...(dryRun ? { dryRun } : {}), profile: name, ...next });
  const what = `${roleArn} and the region ${region} (${settingsPath()}).`;
  if (dryRun) note(`The profile ${name} would be ${what}`);
  else success(`The profile ${name} is ${what}`);
  const doubt = unlistedRegion(region);
  if (doubt !== undefined) warn(doubt);
  if (dryRun) return printSettingsChange(settings, after);
  if (serverOf(name, after) !== undefined) sayServer(name, next.server!, after);
  note(`Next: \`vouch setup codeartifact --profile ${name} …\`, or \`vouch credential aws --profile ${name}\`.`);
}

function sayServer(name: string, server: string, settings: Settings): void {
  success(`It has a session of its own, at ${server}, beside that of the default server.`);
  note(
    isKnownServer(server, settings)
      ? `Next: \`vouch login --for ${name}\`.`
      : `Next: \`vouch enroll --for ${name}\`, or \`vouch login --for ${name}\` if your key is enrolled there.`,
  );
}

function removeProfile(
  name: string,
  before: ProfileSettings | undefined,
  others: NonNullable<Settings["profiles"]>,
  settings: Settings,
  { json, dryRun }: Pick<ProfileFlags, "json" | "dryRun">,
): void {
  const user = settings.repositories.find(({ profile }) => profile === name);
  if (user) {
    throw new VouchError("usage", `The profile ${name} leads to ${user.domain}/${user.repository}.`, {
      hint: "Give that repository another with `vouch setup codeartifact --profile NAME` first, or take it away with `--remove`.",
    });
  }
  const profiles = Object.keys(others).length > 0 ? others : undefined;
  const after = withoutUnusedServers({ ...settings, profiles });
  if (before !== undefined && !dryRun) saveSettings(after);
  if (json) return printJson({ ...(dryRun ? { dryRun } : {}), profile: null });
  if (before !== undefined && dryRun) return printSettingsChange(settings, after);
  if (before === undefined) note(`There is no profile ${name}; nothing to do.`);
  else success(`The profile ${name} is removed.`);
}

/** The folders as real paths. Throws `usage` for one that is not there, or belongs to another profile. */
function foldersOf(given: string[], others: NonNullable<Settings["profiles"]>): string[] {
  return [...new Set(given)].map((path) => {
    const folder = resolved(resolve(path));
    if (folder === undefined) throw usage(`--folder expects a folder that is there, got "${path}".`, commandName);
    for (const [name, { folders = [] }] of Object.entries(others)) {
      if (folders.some((each) => resolved(each) === folder)) {
        throw usage(`The folder ${folder} belongs to the profile ${name}.`, commandName);
      }
    }
    return folder;
  });
}
