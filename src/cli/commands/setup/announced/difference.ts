/**
 * What would change on this machine if an announcement were set up. Settings are compared, not announcements: what a
 * person made by hand is shown before it is replaced, and what they changed since is not withdrawn.
 */
import { type AnnouncedBody, type AnnouncedProfile, type AnnouncedRepository } from "../../../../announced/body.ts";
import type { Environment } from "../../../../base/environment.ts";
import type { ProfileSettings, RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { installedTools, toolNamed, type ToolName, tools } from "../../../../tools/tools.ts";
import { sameRepository } from "../codeartifact/request.ts";
import { toolsOf } from "../codeartifact/selected-tools.ts";
import { saidOfPlace, saidOfProfile, saidOfRepository, saidOfRole } from "./described.ts";

/** One line that a person reads. */
export interface Line {
  sign: "+" | "-";
  text: string;
}

export interface Difference {
  lines: Line[];
  /** What is announced and not done here, and why: sentences. */
  notes: string[];
  /** The role to name; null: the one that was announced is to go. */
  aws: Settings["aws"] | null;
  profiles: NamedProfile[];
  /** What a person named by hand, and is to be named again once what was announced is gone. */
  replaced: Replaced;
  formerProfiles: string[];
  repositories: WantedRepository[];
  /** What is to be taken away, from these tools. */
  formerRepositories: { repository: RepositorySettings; names: ToolName[] }[];
}

/** Of the settings, with its name; folders are not the server's. */
export type NamedProfile = { name: string } & Omit<ProfileSettings, "folders">;

type Replaced = NonNullable<NonNullable<Settings["announced"]>["replaced"]>;

export interface WantedRepository {
  wanted: AnnouncedRepository;
  /** Installed ones that it is for. */
  names: ToolName[];
}

interface Before {
  /** What was set up of an announcement before, and what of a person's own it replaced. */
  accepted?: AnnouncedBody | undefined;
  replaced?: Replaced | undefined;
  settings: Settings;
  /** Tells which package managers are installed. */
  env: Environment;
}

/** What would change here if this were set up in place of what was accepted before. */
export function differenceOf(body: AnnouncedBody, { accepted = {}, replaced = {}, settings, env }: Before): Difference {
  const found: Difference = {
    lines: [],
    notes: [],
    aws: undefined,
    profiles: [],
    replaced: structuredClone(replaced),
    formerProfiles: [],
    repositories: [],
    formerRepositories: [],
  };
  compareRole(body, accepted, settings, found);
  compareProfiles(body, accepted, settings, found);
  compareRepositories(body, accepted, settings, found, env);
  compareDefault(body, settings, found);
  withdraw(body, accepted, settings, found);
  return found;
}

const byHand = " (as set on this machine)";
const asBefore = " (as it was set on this machine)";

function compareRole(
  { aws }: AnnouncedBody,
  accepted: AnnouncedBody,
  { aws: here }: Settings,
  found: Difference,
): void {
  const isAccepted = here !== undefined && Bun.deepEquals(here, accepted.aws);
  if (aws === undefined) {
    const { aws: own, ...others } = found.replaced;
    found.replaced = others;
    if (!isAccepted) return;
    found.aws = own ?? null;
    found.lines.push({ sign: "-", text: saidOfRole(here) });
    if (own !== undefined) found.lines.push({ sign: "+", text: `${saidOfRole(own)}${asBefore}` });
    return;
  }
  if (Bun.deepEquals(here, aws)) return;
  found.aws = aws;
  if (here !== undefined && !isAccepted) found.replaced.aws = here;
  if (here !== undefined) found.lines.push({ sign: "-", text: `${saidOfRole(here)}${isAccepted ? "" : byHand}` });
  found.lines.push({ sign: "+", text: saidOfRole(aws) });
}

function compareProfiles(body: AnnouncedBody, accepted: AnnouncedBody, settings: Settings, found: Difference): void {
  for (const wanted of body.profiles ?? []) {
    const here = profileHere(wanted.name, settings);
    if (here !== undefined && isSameProfile(here, wanted)) continue;
    found.profiles.push(wanted);
    if (here !== undefined) {
      const before = accepted.profiles?.find(({ name }) => name === wanted.name);
      const isAccepted = before !== undefined && isSameProfile(here, before);
      const { name, ...own } = here;
      if (!isAccepted) found.replaced.profiles = { ...found.replaced.profiles, [name]: own };
      const mark = isAccepted ? "" : byHand;
      found.lines.push({ sign: "-", text: `${saidOfProfile(here)}${mark}` });
    }
    found.lines.push({ sign: "+", text: saidOfProfile(wanted) });
  }
}

function profileHere(name: string, { profiles = {}, server }: Settings): NamedProfile | undefined {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found === undefined) return undefined;
  const { server: own, folders: _, ...rest } = found;
  return { name, ...rest, ...(own === undefined || own === server?.url ? {} : { server: own }) };
}

function isSameProfile(here: NamedProfile, { roleArn, region, via = [] }: AnnouncedProfile): boolean {
  const isSame = here.roleArn === roleArn && here.region === region && Bun.deepEquals(here.via ?? [], via);
  return isSame && here.server === undefined;
}

function compareRepositories(
  body: AnnouncedBody,
  accepted: AnnouncedBody,
  settings: Settings,
  found: Difference,
  env: Environment,
): void {
  const installed = installedTools(env);
  let isMoved = false;
  for (const wanted of body.repositories ?? []) {
    const names = namesFor(wanted, installed);
    const here = settings.repositories.find((each) => sameRepository(each, wanted));
    if (here === undefined && names.length === 0) {
      found.notes.push(`${saidOfRepository(wanted, wanted.tools ?? [])}: none of its package managers is installed.`);
      continue;
    }
    const namesake = here === undefined ? ownNamesake(wanted, accepted, settings) : undefined;
    if (namesake !== undefined) {
      found.notes.push(
        `${saidOfPlace(wanted)} is not set up: ${saidOfPlace(namesake)}, which has the same name, was set up on this machine and stays. \`vouch setup codeartifact\` adds the other beside it.`,
      );
      continue;
    }
    if (here !== undefined && !accepted.repositories?.some((each) => sameRepository(each, wanted))) {
      const others = (found.replaced.repositories ?? []).filter((each) => !sameRepository(each, wanted));
      found.replaced.repositories = [...others, here];
    }
    if (here !== undefined && isSetUp(here, wanted, names)) {
      // Set up again, after those that change: the last one becomes the default one.
      if (isMoved && wanted.extra !== true) found.repositories.push({ wanted, names });
      continue;
    }
    isMoved ||= wanted.extra !== true;
    found.repositories.push({ wanted, names });
    const before = accepted.repositories?.find((each) => sameRepository(each, wanted));
    if (here !== undefined) {
      const mark = before !== undefined && isSetUp(here, before, []) ? "" : byHand;
      found.lines.push({ sign: "-", text: `${saidOfRepository(here, toolsOf(here))}${mark}` });
    }
    const after = here === undefined ? names : [...new Set([...toolsOf(here), ...names])];
    found.lines.push({ sign: "+", text: saidOfRepository(wanted, after) });
  }
}

/** A repository of the same name in another account or region that a person set up. */
function ownNamesake(
  wanted: AnnouncedRepository,
  accepted: AnnouncedBody,
  { repositories }: Settings,
): RepositorySettings | undefined {
  return repositories.find(
    (each) =>
      each.domain === wanted.domain &&
      each.repository === wanted.repository &&
      !(accepted.repositories ?? []).some((former) => sameRepository(former, each)),
  );
}

/** The package managers that it is for, are installed, and can have it. */
function namesFor(wanted: AnnouncedRepository, installed: readonly ToolName[]): ToolName[] {
  const named = wanted.tools?.map(toolNamed);
  const all = installed.filter((name) => named === undefined || named.includes(name));
  if (wanted.extra !== true) return all;
  // A server cannot have packages of one name taken from either registry: that is for a person to say (--allow-mixing).
  return all.filter((name) => {
    const { mixes, refusal } = tools[name].extra ?? {};
    return mixes !== true && refusal?.(withoutEndpoints(wanted)) === undefined;
  });
}

/** As it would be in the settings, before its endpoints are known. */
export function withoutEndpoints({ tools: _tools, ...wanted }: AnnouncedRepository): RepositorySettings {
  return { ...wanted, endpoints: {} };
}

function isSetUp(here: RepositorySettings, wanted: AnnouncedRepository, names: readonly ToolName[]): boolean {
  const hasScopes = toolsOf(here)
    .concat(names)
    .some((name) => tools[name].settings.includes("npmScopes"));
  return (
    here.roleArn === wanted.roleArn &&
    here.publishRoleArn === wanted.publishRoleArn &&
    here.profile === wanted.profile &&
    (here.extra ?? false) === (wanted.extra ?? false) &&
    (!hasScopes || Bun.deepEquals((here.npmScopes ?? []).toSorted(), (wanted.npmScopes ?? []).toSorted())) &&
    (wanted.tools === undefined || names.every((name) => here.files?.[name] !== undefined))
  );
}

function compareDefault({ repositories = [] }: AnnouncedBody, settings: Settings, found: Difference): void {
  const here = settings.repositories.findLast(({ extra }) => extra !== true);
  const next = found.repositories.findLast(({ wanted }) => wanted.extra !== true)?.wanted;
  if (here === undefined || next === undefined || sameRepository(here, next)) return;
  const isAnnounced = repositories.some((each) => sameRepository(each, here));
  found.lines.push({ sign: "-", text: `default: ${saidOfPlace(here)}${isAnnounced ? "" : byHand}` });
  found.lines.push({ sign: "+", text: `default: ${saidOfPlace(next)}` });
}

/** What was accepted and is announced no longer goes, unless a person has changed it since. */
function withdraw(body: AnnouncedBody, accepted: AnnouncedBody, settings: Settings, found: Difference): void {
  for (const former of accepted.repositories ?? []) {
    const here = settings.repositories.find((each) => sameRepository(each, former));
    const wanted = body.repositories?.find((each) => sameRepository(each, former));
    const own = found.replaced.repositories?.find((each) => sameRepository(each, former));
    if (wanted === undefined && own !== undefined) {
      found.replaced.repositories = found.replaced.repositories?.filter((each) => each !== own);
    }
    if (here === undefined) continue;
    const stays = own === undefined ? [] : toolsOf(own);
    const names = (wanted === undefined ? toolsOf(here) : formerTools(here, former, wanted)).filter(
      (name) => !stays.includes(name),
    );
    if (names.length === 0 && (own === undefined || wanted !== undefined)) continue;
    if (wanted === undefined && !isSetUp(here, former, [])) {
      found.notes.push(
        `${former.domain}/${former.repository} is announced no longer, and stays: it was changed on this machine.`,
      );
      continue;
    }
    if (wanted === undefined && own !== undefined) putBack(here, own, found);
    if (names.length === 0) continue;
    found.formerRepositories.push({ repository: here, names });
    found.lines.push({ sign: "-", text: saidOfRepository(here, names) });
  }
  for (const former of accepted.profiles ?? []) {
    if (body.profiles?.some(({ name }) => name === former.name)) continue;
    const { [former.name]: own, ...others } = found.replaced.profiles ?? {};
    if (own !== undefined) found.replaced = { ...found.replaced, profiles: others };
    const here = profileHere(former.name, settings);
    if (here === undefined || !isSameProfile(here, former)) continue;
    if (own !== undefined) {
      const named = { name: former.name, ...own };
      found.profiles.push(named);
      found.lines.push({ sign: "-", text: saidOfProfile(here) });
      found.lines.push({ sign: "+", text: `${saidOfProfile(named)}${asBefore}` });
      continue;
    }
    const user = settings.repositories.find(
      (each) =>
        each.profile === former.name &&
        !found.formerRepositories.some(({ repository }) => repository === each) &&
        !found.repositories.some(({ wanted }) => sameRepository(wanted, each)),
    );
    if (user !== undefined) {
      found.notes.push(
        `The profile ${former.name} is announced no longer, and stays: ${user.domain}/${user.repository} needs it.`,
      );
      continue;
    }
    found.formerProfiles.push(former.name);
    found.lines.push({ sign: "-", text: saidOfProfile(here) });
  }
}

/** What a person had set up before it was announced keeps its package managers, and gets its roles again. */
function putBack(here: RepositorySettings, own: RepositorySettings, found: Difference): void {
  const { domain, domainOwner, region, repository, roleArn, publishRoleArn, profile } = own;
  const roles = {
    ...(roleArn !== undefined && { roleArn }),
    ...(publishRoleArn !== undefined && { publishRoleArn }),
    ...(profile !== undefined && { profile }),
  };
  if (here.roleArn === roleArn && here.publishRoleArn === publishRoleArn && here.profile === profile) return;
  found.repositories.push({ wanted: { domain, domainOwner, region, repository, ...roles }, names: [] });
  found.lines.push({ sign: "-", text: saidOfRepository(here, toolsOf(here)) });
  const { roleArn: _, publishRoleArn: __, profile: ___, ...rest } = here;
  found.lines.push({ sign: "+", text: `${saidOfRepository({ ...rest, ...roles }, toolsOf(own))}${asBefore}` });
}

/** Package managers that it was for, and is not any more. */
function formerTools(here: RepositorySettings, former: AnnouncedRepository, wanted: AnnouncedRepository): ToolName[] {
  if (former.tools === undefined || wanted.tools === undefined) return [];
  const now = new Set(wanted.tools.map(toolNamed));
  const before = new Set(former.tools.map(toolNamed));
  return toolsOf(here).filter((name) => before.has(name) && !now.has(name));
}
