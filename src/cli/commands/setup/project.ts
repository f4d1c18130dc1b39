/**
 * `vouch setup codeartifact --project`: names a repository that is set up in the files of the current folder, for
 * everyone who works on it. Nothing personal is in them, and no token: each person's own setup answers for it.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageEndpoint } from "../../../aws/package-endpoints.ts";
import { VouchError } from "../../../base/errors.ts";
import { applyFileChange, type FileChange, readUserFile } from "../../../editing/user-file.ts";
import type { RepositorySettings, Settings } from "../../../settings/settings.ts";
import { type ToolName, tools } from "../../../tools/tools.ts";
import { bold, note, print, printJson, success, warn } from "../../terminal/terminal.ts";
import { previewChange, previewLine } from "./preview.ts";
import { blockId } from "./request.ts";

interface Options {
  cwd: string;
  remove: boolean;
  dryRun: boolean;
  json: boolean;
  /** The path of vouch; it is not written. */
  executable: string;
}

/** Writes or removes the repository's lines in the project's files. Throws `usage` if none of the tools has such a file. */
export function setUpProject(
  repository: RepositorySettings,
  names: ToolName[],
  settings: Settings,
  { cwd, remove, dryRun, json, executable }: Options,
): void {
  const changes: FileChange[] = [];
  const refusals: string[] = [];
  const kept: string[] = [];
  for (const name of names) {
    const { project = { refusal: `Vouch writes no file of a project for ${name}` }, format } = tools[name];
    if ("refusal" in project) {
      refusals.push(`${project.refusal}.`);
      continue;
    }
    const path = join(cwd, project.path);
    const before = readUserFile(path);
    const all = [...settings.repositories, repository].map(({ endpoints }) => endpoints[format]);
    const endpoints = [...all, packageEndpoint({ ...repository, format })].filter((each) => each !== undefined);
    const edit = { id: blockId(repository), file: path, executable, endpoints };
    const after = remove
      ? before && project.unset(before, edit.id, edit, (line) => kept.push(`${path}: ${previewLine(line)}`))
      : project.set(before, repository, edit).text;
    changes.push({ path, before, after });
  }
  if (changes.length === 0) throw new VouchError("usage", refusals.join(" "));
  for (const change of dryRun ? [] : changes) {
    // A project's files have the mode that any program gives them there.
    if (change.after !== undefined) mkdirSync(dirname(change.path), { recursive: true });
    applyFileChange(change, 0o666 & ~process.umask());
  }
  if (json) return printJson({ dryRun, removed: remove, files: changes.map(asJson), refusals });
  for (const refusal of refusals) note(refusal);
  for (const line of kept) warn(`You have changed or added this line in Vouch's block, and it stays: ${line}`);
  for (const { path, before, after } of changes) {
    if (!dryRun) {
      success(
        `${path}: ${before === after ? "nothing had to change" : remove ? "without Vouch's lines" : "the repository, nothing personal"}`,
      );
      continue;
    }
    if (before === after) continue;
    print(bold(path));
    for (const line of previewChange(before, after)) print(`  ${line}`);
  }
}

function asJson({ path, before, after }: FileChange): unknown {
  return { path, change: before === after ? "unchanged" : after === undefined ? "deleted" : "written" };
}
