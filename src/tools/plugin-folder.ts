/** What a shim has a tool read for one command: plugins by a search path of its language, a configuration, a home folder. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createAgentFolder } from "../agent/process/folder.ts";
import { lstat } from "../agent/wire/client.ts";
import { stateFolder } from "../agent/wire/socket.ts";
import { VouchError } from "../base/errors.ts";
import { processInfo } from "../base/process/process-info.ts";
import { inheritedAt } from "../helper/inherited-file.ts";
import { namesIn } from "../base/system/folder-names.ts";

/** A file's text, or the target of a symbolic link. */
type Entry = string | { linkTo: string };

/**
 * A new folder of this process, below the agent's, with these files and links by their paths in it and nothing else to
 * load: what another program has left in one that is used again would be loaded, too. Removes those of processes that
 * have ended. No text may hold a secret. Throws `agent_untrusted`, `file_error`.
 */
export function pluginFolder(name: string, files: Record<string, Entry>): string {
  const agent = stateFolder(lstat);
  const parent = join(agent, "plugins");
  for (const each of [agent, parent]) createAgentFolder(each);
  for (const each of namesIn(parent)) {
    const pid = Number(/-(\d+)$/.exec(each)?.[1] ?? 0);
    if (pid === process.pid || processInfo(pid) === undefined)
      rmSync(join(parent, each), { recursive: true, force: true });
  }
  const folder = join(parent, `${name}-${process.pid}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
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
