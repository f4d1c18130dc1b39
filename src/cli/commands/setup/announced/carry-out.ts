/** Sets up what a person has accepted of an announcement, by what the other commands of `vouch setup` are made of. */
import { loadReplacedLines, replacedLinesPath } from "../../../../editing/replaced-lines.ts";
import { loadSettings, saveSettings, type Settings } from "../../../../settings/settings.ts";
import { stableExecutable } from "../../../../tools/executable.ts";
import { tools } from "../../../../tools/tools.ts";
import { addRepository } from "../codeartifact/add-repository.ts";
import { carryOut } from "../codeartifact/carry-out.ts";
import type { DraftContext } from "../codeartifact/draft.ts";
import { type Outcome, reportDone } from "../codeartifact/outcome/report.ts";
import { planRemoval } from "../codeartifact/plan.ts";
import type { Difference, WantedRepository } from "./difference.ts";
import { withoutProfiles, withRoles } from "./roles.ts";

interface Manner {
  /** `--path`. */
  path: string | undefined;
  /** Says nothing, and asks nobody. */
  isSilent: boolean;
}

/**
 * Writes settings and files, and at the end `announced`: what fails on the way is found again as a difference. Returns what
 * was done for each repository that was added. Throws as `addRepository`.
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
  for (const each of difference.repositories) {
    // PATH is asked about once.
    const chosen = path ?? (outcomes.some(({ shell }) => shell !== undefined) ? "no" : undefined);
    if (each.names.length > 0) done(await add(each, { path: chosen, isSilent }));
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
