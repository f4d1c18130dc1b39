/** Sets up what a person has accepted of an announcement, by what the other commands of `vouch setup` are made of. */
import {
  type AnnouncedBody,
  type AnnouncedProfile,
  type AnnouncedRepository,
  maxProfiles,
  maxRepositories,
} from "../../../../announced/body.ts";
import { VouchError } from "../../../../base/errors.ts";
import { loadReplacedLines, replacedLinesPath } from "../../../../editing/replaced-lines.ts";
import { loadSettings, saveSettings, type Settings } from "../../../../settings/settings.ts";
import { stableExecutable } from "../../../../tools/executable.ts";
import { tools } from "../../../../tools/tools.ts";
import { addRepository } from "../codeartifact/add-repository.ts";
import { carryOut } from "../codeartifact/carry-out.ts";
import type { DraftContext } from "../codeartifact/draft.ts";
import { type Outcome, reportDone } from "../codeartifact/outcome/report.ts";
import { planRemoval } from "../codeartifact/plan.ts";
import { sameRepository } from "../codeartifact/request.ts";
import { warn } from "../../../terminal/terminal.ts";
import type { Difference, WantedRepository } from "./difference.ts";
import { withoutProfiles, withRoles } from "./roles.ts";

interface Manner {
  /** `--path`. */
  path: string | undefined;
  /** Says nothing, and asks nobody. */
  isSilent: boolean;
}

/**
 * Writes settings and files, and at the end `announced`. One repository that fails stops no other: then nothing is
 * taken away, what was set up is kept as accepted, so that it can be taken away, and the rest is found again as a
 * difference. Returns what was done for each repository that was added. Throws as `addRepository`, the first failure.
 */
export async function setUp(
  difference: Difference,
  announced: Settings["announced"],
  { path, isSilent }: Manner,
): Promise<Outcome[]> {
  const before = loadSettings();
  const roles = withRoles(difference, before);
  if (!Bun.deepEquals(before, roles)) saveSettings(roles);
  const outcomes: Outcome[] = [];
  const done = (outcome: Outcome | undefined): void => {
    if (outcome === undefined) return;
    outcomes.push(outcome);
    if (!isSilent) reportDone(outcome, true);
  };
  const added: AnnouncedRepository[] = [];
  const failures: VouchError[] = [];
  for (const each of difference.repositories) {
    // PATH is asked about once.
    const chosen = path ?? (outcomes.some(({ shell }) => shell !== undefined) ? "no" : undefined);
    try {
      if (each.names.length > 0) done(await add(each, { path: chosen, isSilent }));
      added.push(each.wanted);
    } catch (error) {
      const failure = VouchError.from(error);
      if (failure.code === "cancelled") throw error;
      failures.push(failure);
    }
  }
  const [failure, ...others] = failures;
  if (failure !== undefined) {
    const settings = loadSettings();
    const { server } = announced ?? {};
    const known = settings.announced?.server === server ? settings.announced?.accepted : undefined;
    const accepted = partlyAccepted(difference, added, known ?? {});
    if (server !== undefined) saveSettings({ ...settings, announced: { server, accepted } });
    if (!isSilent) for (const other of others) warn(other.message);
    throw withHint(failure, server);
  }
  for (const { repository, names } of difference.formerRepositories) {
    const settings = loadSettings();
    const context = surroundings();
    const plan = planRemoval([repository], names, settings, context);
    const planned = { plan, settings, names, source: undefined, remove: true, executable: context.executable };
    const outcome = await carryOut(planned, { path, dryRun: false, isSilent });
    if (!isSilent) reportDone(outcome);
  }
  const { announced: _, ...settings } = withoutProfiles(difference.formerProfiles, loadSettings());
  saveSettings({ ...settings, ...(announced === undefined ? {} : { announced }) });
  return outcomes;
}

/** What was accepted before, and what has been set up since of roles, profiles and `added`. */
function partlyAccepted(
  { aws, profiles }: Difference,
  added: AnnouncedRepository[],
  before: AnnouncedBody,
): AnnouncedBody {
  const { aws: knownRole, profiles: knownProfiles = [], repositories: knownRepositories = [] } = before;
  const role = aws ?? knownRole;
  const isNew = ({ name }: AnnouncedProfile) => profiles.some((each) => each.name === name);
  const isAdded = (known: AnnouncedRepository) => added.some((each) => sameRepository(each, known));
  return {
    ...(role === undefined ? {} : { aws: role }),
    profiles: [...profiles, ...knownProfiles.filter((known) => !isNew(known))].slice(0, maxProfiles),
    repositories: [...added, ...knownRepositories.filter((known) => !isAdded(known))].slice(0, maxRepositories),
  };
}

/** Names that AWS does not know are the server's: the person cannot correct them. */
function withHint(failure: VouchError, server: string | undefined): VouchError {
  if (failure.code !== "aws_not_found" || server === undefined) return failure;
  return new VouchError(failure.code, failure.message, {
    hint: `${server} announces these names: tell the people who run it. All else is set up; \`vouch setup\` tries this again.`,
    cause: failure,
  });
}

function surroundings(): DraftContext {
  const { env } = process;
  return { env, executable: stableExecutable(env), replaced: loadReplacedLines(replacedLinesPath(env)) };
}

async function add({ wanted, names }: WantedRepository, manner: Manner): Promise<Outcome | undefined> {
  const { domain, domainOwner, region, repository, roleArn, profile, publishRoleArn, npmScopes = [], extra } = wanted;
  const flags = {
    domain,
    "domain-owner": domainOwner,
    region,
    repository,
    role: roleArn ?? "none",
    profile: profile ?? "none",
    "publish-role": publishRoleArn ?? "none",
    extra,
    // One of the same name elsewhere may be a person's own.
    add: true,
    host: undefined,
  };
  const usesScopes = names.some((name) => tools[name].settings.includes("npmScopes"));
  const scopes = usesScopes ? npmScopes.flatMap((scope) => ["--scope", scope]) : [];
  const words = ["--tool", names.join(","), ...scopes];
  return addRepository(flags, words, names, loadSettings(), { ...surroundings(), ...manner, dryRun: false });
}
