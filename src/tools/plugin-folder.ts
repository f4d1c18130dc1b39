/** Plugins that a shim has a tool load for one command, by a search path of the tool's language. */
import { dirname, join } from "node:path";
import { createAgentFolder } from "../agent/process/folder.ts";
import { lstat } from "../agent/wire/client.ts";
import { agentFolder } from "../agent/wire/socket.ts";
import { writeFileAtomic } from "../base/system/atomic-write.ts";
import { inheritedAt } from "../helper/inherited-file.ts";
import { readSmallFile } from "./small-files.ts";

/**
 * The folder of that name below the agent's, with these files by their paths in it and nothing else to load. No text may
 * hold a secret. Throws `agent_untrusted`, `file_error`.
 */
export function pluginFolder(name: string, files: Record<string, string>): string {
  const parent = agentFolder(lstat);
  const folder = join(parent, name);
  for (const each of [parent, folder]) createAgentFolder(each);
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    createAgentFolder(dirname(path));
    if (readSmallFile(path) !== text) writeFileAtomic(path, text);
  }
  return folder;
}

/** The search path of a variable (`PYTHONPATH`, `RUBYLIB`) with the folder before what it holds. */
export function searchPathWith(folder: string, path: string | undefined): string {
  return path ? `${folder}:${path}` : folder;
}

/**
 * Takes what is left out of the pipe at `path`, as an outer shim or `vouch exec` has named it, where a program between the
 * two has not read it: nobody else shall find it.
 */
export async function emptyOuterPipe(path: string | undefined): Promise<void> {
  const descriptor = inheritedAt(path);
  if (descriptor !== undefined) await (await import("./npm/hand-over/outer.ts")).emptyPipe(descriptor);
}
