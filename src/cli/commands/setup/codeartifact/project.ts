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
import type { ProjectFile, ToolEdit } from "../../../../tools/tool.ts";
import { type ToolName, tools } from "../../../../tools/tools.ts";
import { bold, note, print, printJson, success, warn } from "../../../terminal/terminal.ts";
import { previewChange, previewLine } from "./preview.ts";
import { blockId, findConfigured, type Flags, repositoriesOf } from "./request.ts";

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
  const { files, refusals } = projectFiles(names, options);
  if (files.length === 0) throw new VouchError("usage", refusals.join(" "));
  const changes = files.map(({ name, path, project }): FileChange => {
    const before = readUserFile(path);
    const edit = editOf(repository, name, path, settings, options);
    const { text } = project.set(before, repository, edit);
    return { path, before, after: withProjectUndo(text, edit.id) };
  });
  apply(changes, { ...options, what: "the repository, nothing personal", refusals, kept: [] });
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
  apply(found, { ...options, what: "without Vouch's lines", refusals: [], kept });
}

/** The files of the tools that have one; a sentence on each other. Throws `usage` where such a file is the user's own. */
function projectFiles(names: ToolName[], { cwd, env }: Options) {
  const files: { name: ToolName; path: string; project: ProjectFile }[] = [];
  const refusals: string[] = [];
  for (const name of names) {
    const { project = { refusal: `Vouch writes no file of a project for ${name}` }, path: ownPath } = tools[name];
    if ("refusal" in project) {
      refusals.push(`${project.refusal}.`);
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
  { dryRun, json, what, refusals, kept }: Options & { what: string; refusals: string[]; kept: string[] },
): void {
  for (const change of dryRun ? [] : changes) {
    // A project's files have the mode that any program gives them there.
    if (change.after !== undefined) mkdirSync(dirname(change.path), { recursive: true });
    applyFileChange(change, 0o666 & ~process.umask());
  }
  if (json) return printJson({ dryRun, files: changes.map(asJson), refusals });
  for (const refusal of refusals) note(refusal);
  for (const line of kept) warn(`You have changed or added this line in Vouch's block, and it stays: ${line}`);
  for (const { path, before, after } of changes) {
    if (!dryRun) success(`${path}: ${before === after ? "nothing had to change" : what}`);
    if (!dryRun || before === after) continue;
    print(bold(path));
    for (const line of previewChange(before, after)) print(`  ${line}`);
  }
}

function asJson({ path, before, after }: FileChange): unknown {
  return { path, change: before === after ? "unchanged" : after === undefined ? "deleted" : "written" };
}
