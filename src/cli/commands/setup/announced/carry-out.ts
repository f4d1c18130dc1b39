/** Sets up what a person has accepted of an announcement, by what the other commands of `vouch setup` are made of. */
import { mergedOf } from "../../../../announced/merged.ts";
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
 * Writes settings and files; `announced` is what is kept of the announcement in the end. Crash safety: what was accepted is
 * kept before the first of it is set up, as unfinished, so that a repeat finds what is missing and `--remove` what is
 * there. One repository that fails stops no other; then nothing is taken away, and it stays unfinished. Returns what was
 * done for each repository that was added. Throws as `addRepository`, the first failure.
 */
export async function setUp(
  difference: Difference,
  announced: Settings["announced"],
  { path, isSilent }: Manner,
): Promise<Outcome[]> {
  const before = loadSettings();
  const roles = withRoles(difference, before);
  const replaced = keptReplaced(difference);
  const begun =
    announced?.accepted === undefined ? before.announced : { ...unfinished(announced, before), ...replaced };
  saveSettings({ ...roles, ...(begun === undefined ? {} : { announced: begun }) });
  const outcomes: Outcome[] = [];
  const done = (outcome: Outcome | undefined): void => {
    if (outcome === undefined) return;
    outcomes.push(outcome);
    if (!isSilent) reportDone(outcome, true);
  };
  const failures: VouchError[] = [];
  for (const each of difference.repositories) {
    // PATH is asked about once.
    const chosen = path ?? (outcomes.some(({ shell }) => shell !== undefined) ? "no" : undefined);
    try {
      if (each.names.length > 0) done(await add(each, { path: chosen, isSilent }));
    } catch (error) {
      const failure = VouchError.from(error);
      if (failure.code === "cancelled") throw error;
      failures.push(failure);
    }
  }
  const [failure, ...others] = failures;
  if (failure !== undefined) {
    if (!isSilent) for (const other of others) warn(other.message);
    throw withHint(failure, announced?.server);
  }
  for (const { repository, names } of difference.formerRepositories) {
    const settings = loadSettings();
    const context = surroundings();
    // Its roles may be a person's own again.
    const here = settings.repositories.find((each) => sameRepository(each, repository)) ?? repository;
    const plan = planRemoval([here], names, settings, context);
    const planned = { plan, settings, names, source: undefined, remove: true, executable: context.executable };
    const outcome = await carryOut(planned, { path, dryRun: false, isSilent });
    if (!isSilent) reportDone(outcome);
  }
  const { announced: _, ...settings } = withoutProfiles(difference.formerProfiles, loadSettings());
  saveSettings({ ...settings, ...(announced === undefined ? {} : { announced: { ...announced, ...replaced } }) });
  return outcomes;
}

type Announced = NonNullable<Settings["announced"]>;

/** What is kept of a person's own, to be put back. */
export function keptReplaced({ replaced }: Difference): Pick<Announced, "replaced"> {
  const { aws, profiles = {}, repositories = [] } = replaced;
  const kept = {
    ...(aws && { aws }),
    ...(Object.keys(profiles).length > 0 && { profiles }),
    ...(repositories.length > 0 && { repositories }),
  };
  return Object.keys(kept).length === 0 ? {} : { replaced: kept };
}

/** What was accepted now and, as long as it is not withdrawn, before. */
function unfinished({ server, accepted }: Announced, { announced: before }: Settings): Announced {
  const former = before?.server === server ? before.accepted : undefined;
  return { server, accepted: mergedOf([former ?? {}, accepted ?? {}]), unfinished: true };
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
