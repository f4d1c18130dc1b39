/**
 * `vouch setup codeartifact --project`: names a repository that is set up in the files of the current folder, for
 * everyone who works on it. Nothing personal is in them, and no token: each person's own setup answers for it.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageEndpoint } from "../../../../aws/package-endpoints.ts";
import type { Environment } from "../../../../base/environment.ts";
import { VouchError } from "../../../../base/errors.ts";
import { removeCommand } from "../../../../editing/edited.ts";
import { markedIds } from "../../../../editing/marked.ts";
import { applyFileChange, type FileChange, readUserFile } from "../../../../editing/user-file.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { homeFolder } from "../../../../base/system/home.ts";
import { setupCommand } from "../../../../tools/registry-url.ts";
import type { ProjectFile, ToolEdit } from "../../../../tools/tool.ts";
import { type ToolName, tools } from "../../../../tools/tools.ts";
import { bold, note, print, printJson, success, warn } from "../../../terminal/terminal.ts";
import { sayNothingChanged } from "../print-change.ts";
import { knownHost } from "./host.ts";
import { previewChange, previewLine } from "./outcome/preview.ts";
import { nameOf } from "./outcome/per-tool.ts";
import { blockId, findConfigured, type Flags, registryName, repositoriesOf } from "./request.ts";
import { listed } from "./selected-tools.ts";
import { tokenWarnings } from "./outcome/token-warnings.ts";

interface Options {
  cwd: string;
  env: Environment;
  dryRun: boolean;
  json: boolean;
  /** The path of vouch; it is not written. */
  executable: string;
}

/** Writes the repository into the project's files. Throws `usage` if none of the tools has such a file. */
export function setUpProject(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  options: Options,
): void {
  const whole = withEndpoints(repository, names, settings);
  const { files, refusals } = projectFiles(names, options, whole);
  if (files.length === 0) throw new VouchError("usage", refusals.join(" "));
  const changes = files.map(({ name, path, project }): FileChange => {
    const before = readUserFile(path);
    const edit = editOf(whole, name, path, settings, options);
    const { text } = project.set(before, whole, edit);
    return { path, before, after: withProjectUndo(text, edit.id) };
  });
  const { env, cwd, dryRun } = options;
  const machine = { env, cwd, home: homeFolder(env), settings, agent: undefined, now: Date.now() / 1000 };
  const paths = new Set(files.map(({ path }) => path));
  const missing = files.filter(({ name }) => repository.files?.[name] === undefined).map(({ name }) => name);
  const warnings = [
    ...tokenWarnings(machine, changes, dryRun, paths),
    ...(missing.length > 0
      ? [
          `On this machine ${nameOf(repository)} is not set up for ${listed(missing)}: ${setupCommand(repository, missing.join(","))}`,
        ]
      : []),
  ];
  apply(changes, { ...options, what: `the repository ${nameOf(repository)}, nothing personal`, refusals, warnings });
}

/** The repository with the addresses that these tools name, also where it is set up for others alone. */
function withEndpoints(repository: RepositorySettings, names: ToolName[], settings: Settings): RepositorySettings {
  const formats = names.map((name) => tools[name].format);
  const host = knownHost(repository, formats, settings) ?? "ipv4";
  const endpoints = Object.fromEntries(
    formats.map((format) => [format, packageEndpoint({ ...repository, format, host })]),
  );
  const named = names.some((name) => tools[name].settings.includes("registryName"));
  return {
    ...repository,
    endpoints: { ...endpoints, ...repository.endpoints },
    ...(named && repository.registryName === undefined ? { registryName: registryName({}, repository, settings) } : {}),
  };
}

/**
 * Takes out of the project's files the repositories that the flags name, all without names; what is set up on this
 * machine does not matter.
 */
export function removeFromProject(flags: Flags, names: ToolName[], settings: Settings, options: Options): void {
  const kept: string[] = [];
  const changes = projectFiles(names, options).files.map(({ name, path, project }): FileChange => {
    const before = readUserFile(path);
    const repositories = repositoriesOf([...new Set(markedIds(before ?? "", path))]);
    let after = before;
    for (const repository of findConfigured(flags, { ...settings, repositories }).toReversed()) {
      const edit = editOf(repository, name, path, settings, options);
      if (after === undefined) continue;
      after = project.unset(after, edit.id, edit, (line) => kept.push(`${path}: ${previewLine(line)}`));
    }
    return { path, before, after };
  });
  const found = changes.filter(({ before, after }) => before !== after);
  if (found.length === 0 && !options.json) return note("No file of this project has lines of Vouch's.");
  const warnings = kept.map((line) => `You have changed or added this line in Vouch's block, and it stays: ${line}`);
  apply(found, { ...options, what: "without Vouch's lines", refusals: [], warnings });
}

/** The files of the tools that have one; a sentence on each other. Throws `usage` where such a file is the user's own. */
function projectFiles(names: ToolName[], { cwd, env }: Options, repository?: RepositorySettings) {
  const files: { name: ToolName; path: string; project: ProjectFile }[] = [];
  const refusals: string[] = [];
  for (const name of names) {
    const { project, path: ownPath, format } = tools[name];
    if (project === undefined || "refusal" in project) {
      if (repository === undefined) continue;
      const general = `Vouch writes no file of a project for ${name}; the repository's address is ${repository.endpoints[format]}`;
      refusals.push(`${project?.refusal(repository) ?? general}.`);
      continue;
    }
    const path = join(cwd, project.path);
    if (isSame(path, ownPath(env))) {
      throw new VouchError("usage", `${path} is your own file, not a project's.`, {
        hint: "Run the command in the project's folder.",
      });
    }
    files.push({ name, path, project });
  }
  return { files, refusals };
}

function isSame(path: string, own: string): boolean {
  const real = (each: string): string => {
    try {
      return realpathSync(each);
    } catch {
      return each;
    }
  };
  return path === own || real(path) === real(own);
}

function editOf(
  repository: RepositorySettings,
  name: ToolName,
  file: string,
  settings: Settings,
  { executable }: Options,
): ToolEdit {
  const { format } = tools[name];
  const all = [...settings.repositories, repository].map(({ endpoints }) => endpoints[format]);
  const endpoints = [...all, packageEndpoint({ ...repository, format })].filter((each) => each !== undefined);
  return { id: blockId(repository), file, executable, endpoints };
}

/** The command in the block's mark undoes it where it stands. */
function withProjectUndo(text: string, id: string): string {
  return text.replaceAll(
    `>>> vouch ${id} (undo: ${removeCommand}`,
    `>>> vouch ${id} (undo: ${removeCommand.replace("--remove", "--project --remove")}`,
  );
}

function apply(
  changes: FileChange[],
  { dryRun, json, what, refusals, warnings }: Options & { what: string; refusals: string[]; warnings: string[] },
): void {
  for (const change of dryRun ? [] : changes) {
    // A project's files have the mode that any program gives them there.
    if (change.after !== undefined) mkdirSync(dirname(change.path), { recursive: true });
    applyFileChange(change, 0o666 & ~process.umask());
  }
  if (json) return printJson({ dryRun, files: changes.map(asJson), refusals, warnings });
  for (const refusal of refusals) note(refusal);
  for (const line of warnings) warn(line);
  for (const { path, before, after } of changes) {
    const unchanged = before === after ? " (nothing had to change)" : "";
    if (!dryRun) success(`${path}: ${what}${unchanged}`);
    if (!dryRun || before === after) continue;
    print(bold(`${path}: ${what}`));
    for (const line of previewChange(before, after)) print(`  ${line}`);
  }
  if (dryRun) sayNothingChanged();
}

function asJson({ path, before, after }: FileChange): unknown {
  return { path, change: before === after ? "unchanged" : after === undefined ? "deleted" : "written" };
}
