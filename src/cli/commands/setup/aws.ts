/**
 * `vouch setup aws`: configures the IAM role of sessions, profiles (further roles by name) and, for images, the identity
 * of jobs without a session.
 */
import { askStatus } from "../../../agent/wire/client.ts";
import { identityNames } from "../../../agent/job/identity-credentials.ts";
import { checkSamePartition, parseRoleArn, regionPartition } from "../../../aws/partitions.ts";
import { refuseSharedRoles } from "../../../settings/publish-roles.ts";
import { loadSettings, saveSettings, type Settings, settingsPath } from "../../../settings/settings.ts";
import { closest } from "../../../base/words/closest.ts";
import { missing, usage, valuesOf } from "../../framework/arguments.ts";
import { defineCommand } from "../../framework/command.ts";
import { note, print, printJson, success, warn } from "../../terminal/terminal.ts";
import { hasAnySession } from "../chosen-server.ts";
import { otherSettings, stopOtherAgent } from "./agent-settings.ts";
import { unlistedRegion } from "./aws-region.ts";
import { printSettingsChange } from "./print-change.ts";
import { setProfile } from "./profile.ts";

const commandName = "vouch setup aws";

export const aws = defineCommand({
  meta: { name: "aws", description: "Name the IAM role that Vouch assumes for you, and the region that you work in." },
  args: {
    role: { type: "string", valueHint: "ARN", description: "The ARN of the role." },
    region: {
      type: "string",
      valueHint: "REGION",
      description: "The region of your CodeArtifact domains, unless `vouch setup codeartifact` names another.",
    },
    identity: {
      type: "string",
      valueHint: ["none", ...identityNames].join("|"),
      description:
        "For the image of CI jobs: who they are where no session answers, as in `vouch exec --identity`; `none` takes it away.",
    },
    profile: {
      type: "string",
      valueHint: "NAME",
      description: "Give role and region this name, beside those that are used without a name.",
    },
    server: {
      type: "string",
      valueHint: "URL",
      description:
        "For a profile: the Vouch server whose ID token leads to its role, with a session of its own (`vouch login --for NAME`); `none` takes it away.",
    },
    via: {
      type: "string",
      valueHint: "ARN",
      description:
        "For a profile: a role that leads to its role, which need not trust the Vouch server then; may be repeated, in order.",
    },
    folder: {
      type: "string",
      valueHint: "PATH",
      description:
        "For a profile: use it where `vouch credential` is started in this folder or below; may be repeated.",
    },
    remove: { type: "boolean", description: "With --profile: take the profile away." },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
    json: { type: "boolean", description: "Print what is set now, or would be, as JSON." },
  },
  teaching: {
    details: [
      "Without flags it says what is set. What is not given stays: `--region` alone changes the region. The people who run your Vouch server know the ARN. It is public and is kept in Vouch's settings; nothing is asked of the network.",
      "A profile is chosen by `--profile NAME`, by VOUCH_PROFILE, or by the folder that a command is started in. `vouch setup codeartifact --profile NAME` gives it to a repository. Roles that `--via` leads to last one hour at most and are renewed.",
    ],
    examples: [
      ["vouch setup aws", "See what is set."],
      ["vouch setup aws --role arn:aws:iam::123456789012:role/vouch-developer --region us-east-1", "Name both."],
      [
        "vouch setup aws --role arn:aws:iam::123456789012:role/vouch-ci --region us-east-1 --identity gitlab",
        "While the image of CI jobs is built.",
      ],
      [
        "vouch setup aws --profile acme --role arn:aws:iam::210987654321:role/developer --region eu-west-1 --via arn:aws:iam::123456789012:role/vouch-developer",
        "Another account, by way of a role of the own one.",
      ],
    ],
  },
  async run({ args, rawArgs }) {
    const settings = loadSettings();
    if (args.profile !== undefined) {
      if (args.identity !== undefined) throw usage("--identity is for all jobs and takes no --profile.", commandName);
      const lists = { via: valuesOf(rawArgs, "--via"), folders: valuesOf(rawArgs, "--folder") };
      return setProfile(args.profile, { ...args, ...lists, dryRun: args["dry-run"] === true }, settings);
    }
    const lost = rawArgs.find((word) => /^--(via|folder|remove|server)(=|$)/.test(word))?.split("=")[0];
    if (lost !== undefined) throw usage(`${lost} goes with --profile NAME.`, commandName);
    if (args.role === undefined && args.region === undefined && args.identity === undefined) {
      return show(settings, { dryRun: args["dry-run"] === true, json: args.json === true });
    }
    const roleArn = args.role ?? settings.aws?.roleArn;
    if (roleArn === undefined) throw missing("--role is missing.", commandName, `${commandName} --role ARN`);
    const after = withRole({ ...args, role: roleArn }, settings);
    const { aws: next, identity } = after;
    const dryRun = args["dry-run"] === true;
    const changes = !Bun.deepEquals([settings.aws, settings.identity], [next, identity], true);
    if (changes && !dryRun) saveSettings(after);
    if (args.json) return printJson(dryRun ? { dryRun, ...next } : next);
    sayRole(after, dryRun);
    if (dryRun) return printSettingsChange(settings, after);
    const agent = await askStatus();
    const other = otherSettings(agent);
    if (other) warn(`${other.found} To have it read these: ${other.remedy}.`);
    if (identity) note(identityWords(identity.name));
    if (other) note(`Next: \`${stopOtherAgent[0]}\`, to ${stopOtherAgent[1]}.`);
    note(nextStep(after, hasAnySession(agent) && other === undefined));
  },
});

/** Says what is set, the profiles as well. */
function show(
  { aws: named, identity, profiles = {} }: Settings,
  { dryRun, json }: { dryRun: boolean; json: boolean },
): void {
  if (json) return printJson({ ...(dryRun ? { dryRun } : {}), ...(named ?? { roleArn: null }) });
  if (named !== undefined) print(`The role is ${described(named)}`);
  else print("No role is set.");
  if (identity) print(identityWords(identity.name));
  for (const [name, profile] of Object.entries(profiles)) print(`The profile ${name} is ${described(profile)}`);
  if (named === undefined) note(`Next: \`${commandName} --role ARN --region REGION\`.`);
}

function described({ roleArn, region }: { roleArn: string; region?: string | undefined }): string {
  return `${roleArn}${region === undefined ? "" : ` and the region ${region}`} (${settingsPath()}).`;
}

function identityWords(name: string): string {
  return `Where no session answers, the identity ${name} does.`;
}

interface RoleFlags {
  role: string;
  region?: string | undefined;
  identity?: string | undefined;
}

export type SettingsWithRole = Settings & { aws: NonNullable<Settings["aws"]> };

/** The settings with this role; what is not given stays. Throws `usage`. */
export function withRole({ role, ...flags }: RoleFlags, settings: Settings): SettingsWithRole {
  parseRoleArn(role);
  const region = flags.region ?? settings.aws?.region;
  if (region !== undefined) checkSamePartition(role, region, commandName);
  const named = { roleArn: role, ...(region === undefined ? {} : { region }) };
  const after = { ...settings, aws: named, identity: identityFrom(flags.identity, settings.identity) };
  refuseSharedRoles(after, (each) => each.roleArn === undefined && each.profile === undefined);
  return after;
}

/** Says which role the settings name now, or would name, and what is doubtful about it. */
export function sayRole({ aws: named, repositories }: SettingsWithRole, dryRun = false): void {
  const { roleArn, region } = named;
  const what = described(named);
  if (dryRun) note(`The role would be ${what}`);
  else success(`The role is ${what}`);
  const doubt = region === undefined ? undefined : unlistedRegion(region);
  if (doubt !== undefined) warn(doubt);
  const { partition } = parseRoleArn(roleArn);
  for (const { domain, repository, region: other } of repositories) {
    if (regionPartition(other).id === partition) continue;
    warn(`${domain}/${repository} is in ${other}, which this role cannot reach: they are of different partitions.`);
  }
}

function nextStep({ repositories, server, aws: named }: Settings, loggedIn: boolean): string {
  if (!server && !loggedIn) return "Next: `vouch enroll --server URL` makes your security key known.";
  if (repositories.length === 0) {
    const region = named?.region === undefined ? " --region REGION" : "";
    return `Next: \`vouch setup codeartifact --domain DOMAIN --repository REPOSITORY${region}\` configures your package managers.`;
  }
  if (loggedIn) return "Your session goes on; the next token is of this role.";
  return "Next: `vouch login`.";
}

function identityFrom(name: string | undefined, now: Settings["identity"]): Settings["identity"] {
  if (name === undefined || name === now?.name) return now;
  if (name === "none") return undefined;
  if (identityNames.includes(name)) return { name };
  const meant = closest(name, identityNames);
  throw usage(
    `--identity expects none or one of ${identityNames.join(", ")}, got "${name}".`,
    commandName,
    meant === undefined ? undefined : `--identity ${meant}`,
  );
}
