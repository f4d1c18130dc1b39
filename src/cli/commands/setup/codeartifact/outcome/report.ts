/** Reports what `vouch setup codeartifact` has done or would do, and the next command. */
import { hasAnySession } from "../../../chosen-server.ts";
import type { RepositorySettings, Settings } from "../../../../../settings/settings.ts";
import type { FileChange } from "../../../../../editing/user-file.ts";
import { bold, green, note, print, printJson, red, success, warn } from "../../../../terminal/terminal.ts";
import { otherSettings, stopOtherAgent } from "../../agent-settings.ts";
import { printChange, sayNothingChanged, settingsChange } from "../../print-change.ts";
import type { Endpoints } from "../endpoint.ts";
import type { Plan } from "../plan.ts";
import { saidOfDefault } from "./default-repository.ts";
import { nameOf, saidOfRemoval, saidOfReplacement } from "./per-tool.ts";
import { listed } from "../selected-tools.ts";
import { setupCommand } from "../../../../../tools/registry-url.ts";
import type { Tool } from "../../../../../tools/tool.ts";
import { type ToolName, tools } from "../../../../../tools/tools.ts";

export interface Outcome {
  plan: Plan;
  settingsBefore: Settings;
  /** Whether there was no settings file. */
  settingsAreNew: boolean;
  names: ToolName[];
  /** The source of the endpoints; undefined for a removal. */
  source: Endpoints | undefined;
  dryRun: boolean;
  remove: boolean;
  /** Required change of PATH; undefined if none. `here`: this shell already has the folder. */
  shell:
    | { line: string; now: string; file: string | undefined; added?: true; present?: true; here?: boolean }
    | undefined;
}

export function report(outcome: Outcome, json: boolean): void {
  if (json) return printJson(asJson(outcome));
  reportDone(outcome);
  if (!outcome.remove && !outcome.dryRun) sayNext(outcome);
}

/** What was done or would be, without the next command; `isBrief`: without endpoints that AWS has said. */
export function reportDone(outcome: Outcome, isBrief = false): void {
  const { plan, source, dryRun, remove, names } = outcome;
  const name = plan.repositories.map(nameOf).join(", ");
  if (source && !(isBrief && source.source === "CodeArtifact")) sayEndpoints(source);
  const [added] = plan.repositories;
  for (const each of plan.superseded) note(saidOfReplacement(each, added!, names, dryRun));
  for (const line of plan.warnings) warn(line);
  const effects = plan.repositories.flatMap((each) =>
    remove
      ? saidOfRemoval(each, names)
      : [
          saidOfDefault(each, { before: outcome.settingsBefore, after: plan.settings }, dryRun),
          ...saidOfPublishing(each),
        ],
  );
  if (dryRun) return preview(outcome, effects);
  const changed = changesOf(outcome).filter(({ before, after }) => before !== after);
  const links = [...plan.shims.changes.added, ...plan.shims.changes.removed];
  if (changed.length === 0 && links.length === 0) success(saidOfNothing(outcome, name));
  for (const { path, before, after, what } of changed) success(`${path}: ${describe(before, after, what)}`);
  const { changes, folder } = plan.shims;
  if (changes.added.length > 0) success(`${folder}: links ${changes.added.join(", ")} to Vouch`);
  if (changes.removed.length > 0) success(`${folder}: without ${changes.removed.join(", ")}`);
  for (const line of effects) note(line);
}

function saidOfPublishing({ publishRoleArn }: RepositorySettings): string[] {
  if (publishRoleArn === undefined) return [];
  return [`Publishing to it asks for a touch of your security key each time, and uses the role ${publishRoleArn}.`];
}

function saidOfNothing({ plan, remove, names }: Outcome, name: string): string {
  if (!remove) return `${name} is set up; nothing had to change.`;
  // What is set up for other tools is said of each repository.
  if (plan.repositories.every((each) => saidOfRemoval(each, names).length === 0) && name !== "") {
    return `${name} is not set up here; nothing has changed.`;
  }
  return "Nothing has changed.";
}

function sayEndpoints({ endpoints, source, reason, agent }: Endpoints): void {
  const isAsked = hasAnySession(agent) && otherSettings(agent) === undefined;
  const why = isAsked ? "CodeArtifact did not say them" : `CodeArtifact was not asked: ${reason}`;
  const said = {
    CodeArtifact: "The endpoints, as CodeArtifact gives them:",
    given: "The endpoints, through your VPC endpoint:",
    rules: `The endpoints, by AWS's naming rules (${why}):`,
  };
  if (source === "rules" && isAsked) warn(`${reason}. If a name is wrong, run the command again with the right one.`);
  note(said[source]);
  for (const [format, endpoint] of Object.entries(endpoints)) note(`  ${format.padEnd(5)}  ${endpoint}`);
}

interface Described extends FileChange {
  /** Human-readable name of the written configuration. */
  what: string;
}

function changesOf({ plan, settingsBefore, settingsAreNew, remove, names }: Outcome): Described[] {
  return [
    { ...settingsChange(settingsBefore, plan.settings, settingsAreNew), what: "Vouch's own settings" },
    ...plan.tools.map((change) => ({
      ...change,
      what:
        remove || !names.includes(change.tool)
          ? "without Vouch's lines"
          : tools[change.tool].written(plan.repositories[0]!),
    })),
    ...plan.shells.map((change) => ({
      ...change,
      what: remove ? "as it was before" : "the shims folder first on PATH",
    })),
  ];
}

function describe(before: string | undefined, after: string | undefined, what: string): string {
  if (after === undefined) return "deleted, as Vouch had made it";
  const kept = savedLines(after) > savedLines(before);
  return `${what}${before === undefined ? " (a new file)" : ""}${kept ? " (the lines that it replaces stay as comments)" : ""}`;
}

function savedLines(text: string | undefined): number {
  return text?.split("\n").filter((line) => line.startsWith("#| ")).length ?? 0;
}

function preview(outcome: Outcome, effects: string[]): void {
  const variables = newVariables(outcome);
  // Made anew by each run, so that a name from here is that of no variable.
  const withoutNewVariables = (line: string): string =>
    variables.reduce((text, hex) => text.replaceAll(hex, "…").replaceAll(hex.toLowerCase(), "…"), line);
  for (const change of changesOf(outcome)) printChange(change, withoutNewVariables);
  const { folder, changes } = outcome.plan.shims;
  for (const name of changes.added) print(green(`+ ${folder}/${name} (a link to Vouch)`));
  for (const name of changes.removed) print(red(`- ${folder}/${name}`));
  sayPath(outcome.shell);
  for (const line of effects) note(line);
  if (variables.length > 0) note("VOUCH_TOKEN_… gets its name, which nobody can guess, when it is set up.");
  sayNothingChanged();
}

/** The random parts of names of variables that a set-up would keep, and that are not kept. */
function newVariables({ plan, settingsBefore }: Outcome): string[] {
  const known = new Set(settingsBefore.repositories.map(({ tokenVariable }) => tokenVariable));
  return plan.settings.repositories.flatMap(({ tokenVariable }) =>
    tokenVariable === undefined || known.has(tokenVariable)
      ? []
      : [
          tokenVariable.replace(/^VOUCH_TOKEN_/, ""),
          ...Object.values(tools).flatMap(({ namesFrom }: Tool) => namesFrom?.(tokenVariable) ?? []),
        ],
  );
}

/** What is left to be done for PATH by hand, or in the shell that runs. */
export function sayShell(shell: Outcome["shell"]): void {
  sayPath(shell);
  if ((shell?.added || shell?.present) && !shell.here) {
    note(`Open a new shell, or type this in the one you have: ${bold(shell.now)}`);
  }
}

function sayPath(shell: Outcome["shell"]): void {
  if (shell === undefined || shell.added || shell.present) return;
  const place =
    shell.file === undefined ? "the start file of your shell:" : `${shell.file} (or repeat with --path yes):`;
  note(`Put the shims folder first on PATH, with this line in ${place}`);
  note(`  ${bold(shell.line)}`);
}

/** What is left to do for PATH, and the next commands. */
export function sayNext(outcome: Outcome): void {
  sayShell(outcome.shell);
  sayCommands(outcome, "Next:");
}

/** What is different for projects, and below a heading the next commands. */
export function sayCommands({ names, plan, settingsBefore, source }: Outcome, heading: string): void {
  const scope = sayScope(names, plan.repositories[0]!);
  if (scope !== undefined) note(scope);
  note(heading);
  const other = otherSettings(source?.agent) !== undefined;
  const isServed = hasAnySession(source?.agent) && !other;
  const commands: [string, string][] = [
    ...(other ? [stopOtherAgent] : []),
    ...(settingsBefore.server || isServed
      ? []
      : ([["vouch enroll --server URL", "make your security key known"]] as [string, string][])),
    ...(settingsBefore.aws
      ? []
      : ([["vouch setup aws --role ARN --region REGION", "name the AWS role that you use"]] as [string, string][])),
    ...(source?.source === "rules" ? ([["vouch login", "PIN and touch, once a day"]] as [string, string][]) : []),
    // Of many package managers the first command each; their pages have the others.
    ...names.flatMap((tool) =>
      tools[tool].next(plan.repositories[0]!, process.env).slice(0, names.length > 3 ? 1 : undefined),
    ),
  ];
  for (const line of alignedCommands(commands)) note(line);
}

/** The longest command beside which its words stand; those of a longer one stand below it. */
const maxBesideWords = 48;

/** Each command with what it does, in two columns. */
export function alignedCommands(commands: readonly (readonly [command: string, does: string])[]): string[] {
  const short = commands.map(([command]) => command.length).filter((length) => length <= maxBesideWords);
  const width = Math.max(0, ...short);
  return commands.flatMap(([command, does]) =>
    command.length <= width
      ? [`  ${bold(command.padEnd(width))}  ${does}`]
      : [`  ${bold(command)}`, `  ${" ".repeat(width)}  ${does}`],
  );
}

/** What is left to do in the shell, and the first command of a package manager. */
export function sayFirstCommand({ shell, names, plan }: Outcome): void {
  sayShell(shell);
  const [first] = names.flatMap((tool) => tools[tool].next(plan.repositories[0]!, process.env));
  if (first !== undefined) note(`Then: ${bold(first[0])}`);
}

/** Explains the change for projects that configure no registry, including the user's private ones. */
function sayScope(names: ToolName[], repository: RepositorySettings): string | undefined {
  const whole = names.filter((tool) => tools[tool].takesAll(repository));
  if (whole.length === 0) return undefined;
  return `From now on ${listed(whole)} ${whole.length > 1 ? "ask" : "asks"} ${nameOf(repository)} for every package, public ones too, in each project that names no other index, and ${whole.length > 1 ? "need" : "needs"} a session for it.${saidOfNarrower(whole, repository)}`;
}

/** The command for those that can have it beside the public registry. */
function saidOfNarrower(whole: ToolName[], repository: RepositorySettings): string {
  const scoped = { ...repository, npmScopes: ["@NAME"] };
  const narrow = whole.filter((tool) => {
    const { mixes, refusal } = tools[tool].extra ?? {};
    return mixes !== true && refusal?.(scoped) === undefined;
  });
  if (narrow.length === 0) return "";
  const scope = narrow.some((tool) => tools[tool].settings.includes("npmScopes")) ? " --scope @NAME" : "";
  const who = narrow.length === whole.length ? "" : `, for ${listed(narrow)}`;
  return ` Narrower${who}, beside the public registry: \`${setupCommand(repository, narrow.join(","))} --extra${scope}\`.`;
}

function asJson(outcome: Outcome): unknown {
  const { plan, source, dryRun, remove, shell, names } = outcome;
  return {
    dryRun,
    removed: remove,
    repository: plan.repositories[0] ?? null,
    repositories: plan.repositories,
    superseded: plan.superseded,
    endpointSource: source?.source ?? null,
    files: changesOf(outcome).map((each) => ({ path: each.path, change: kindOf(each) })),
    shims: { folder: plan.shims.folder, ...plan.shims.changes },
    path: shell ? { line: shell.line, file: shell.file ?? null, added: shell.added === true } : null,
    warnings: plan.warnings,
    next: remove
      ? []
      : names.flatMap((tool) => tools[tool].next(plan.repositories[0]!, process.env).map(([command]) => command)),
  };
}

function kindOf({ before, after }: FileChange): string {
  if (before === after) return "unchanged";
  if (after === undefined) return "deleted";
  return before === undefined ? "created" : "changed";
}
