/** What a shim has a tool read for one command: plugins by a search path of its language, a configuration, a home folder. */
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createAgentFolder, createStateFolder } from "../agent/process/folder.ts";
import { VouchError } from "../base/errors.ts";
import { processInfo } from "../base/process/process-info.ts";
import { inheritedAt } from "../helper/inherited-file.ts";
import { host } from "../base/system/temporary.ts";
import { namesIn } from "../base/system/folder-names.ts";

/** Age at which a folder of another machine's counts as abandoned: 30 days in milliseconds. */
const maxAgeMs = 30 * 24 * 60 * 60 * 1000;

/** A file's text, or the target of a symbolic link. */
type Entry = string | { linkTo: string };

/**
 * A new folder of this process, below the agent's, with these files and links by their paths in it and nothing else to
 * load: what another program has left in one that is used again would be loaded, too. Removes those of this machine's
 * processes that have ended, and old ones of others. No text may hold a secret. Throws `agent_untrusted`, `file_error`.
 */
export function pluginFolder(name: string, files: Record<string, Entry>): string {
  const parent = join(createStateFolder(), "plugins");
  createAgentFolder(parent);
  for (const each of namesIn(parent)) {
    const path = join(parent, each);
    if (isAbandoned(path, each)) rmSync(path, { recursive: true, force: true });
  }
  let folder = join(parent, `${name}-${host()}-${process.pid}-`);
  try {
    folder = mkdtempSync(folder);
    for (const [file, entry] of Object.entries(files)) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (typeof entry === "string") writeFileSync(path, entry, { flag: "wx", mode: 0o600 });
      else symlinkSync(entry.linkTo, path);
    }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new VouchError("file_error", `${folder} cannot be written (${why}).`, {
      hint: "Check its permissions and the free space.",
      cause: error,
    });
  }
  return folder;
}

/**
 * Whether nobody uses it any more. A home folder may be shared by machines and containers, and a process id is valid in
 * one of them alone: the others' folders go by age.
 */
function isAbandoned(path: string, name: string): boolean {
  const [, madeOn, pid] = /-([0-9a-f]{8})-(\d{1,10})-\w{6}$/.exec(name) ?? [];
  if (madeOn === host()) return Number(pid) === process.pid || processInfo(Number(pid)) === undefined;
  const made = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - made > maxAgeMs;
}

/**
 * The search path of a variable (`PYTHONPATH`, `RUBYLIB`) with the folder before what it holds. Empty and relative entries
 * stand for the current folder, which is a project's: they are left out.
 */
export function searchPathWith(folder: string, path: string | undefined): string {
  return [folder, ...(path ?? "").split(":").filter((entry) => entry.startsWith("/"))].join(":");
}

/**
 * Takes what is left out of the pipe at `path`, as an outer shim or `vouch exec` has named it, where a program between the
 * two has not read it: nobody else shall find it.
 */
export async function emptyOuterPipe(path: string | undefined): Promise<void> {
  const descriptor = inheritedAt(path);
  if (descriptor !== undefined) await (await import("./npm/hand-over/outer.ts")).emptyPipe(descriptor);
}
