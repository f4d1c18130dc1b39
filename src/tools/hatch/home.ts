/**
 * The home folder as hatch shall see it: the user's, with another `.pypirc`. That is the one file with credentials that
 * hatch opens without asking whether it is a regular one, so that it can be a pipe.
 */
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { createAgentFolder } from "../../agent/process/folder.ts";
import { lstat } from "../../agent/wire/client.ts";
import { agentFolder } from "../../agent/wire/socket.ts";
import { namesIn } from "../shims.ts";

const credentials = ".pypirc";

/** The section that gives hatch user name and password for exactly that URL, as Python's configparser reads it. */
export function pypircFor(url: string, token: string): string {
  const value = (text: string): string => text.replaceAll("%", "%%");
  return `[vouch]\nrepository = ${value(url)}\nusername = aws\npassword = ${value(token)}\n`;
}

/**
 * Makes the folder, in the agent's: links to all that is in the home folder, and `.pypirc` as a link to that path. Gives
 * its path. Throws `agent_untrusted`, `file_error`.
 */
export function homeWith(pypirc: string, home: string): string {
  const parent = agentFolder(lstat);
  createAgentFolder(parent);
  // Another hatch that starts at the same time makes the same links.
  const folder = join(parent, `hatch${pypirc.replaceAll("/", "-")}`);
  createAgentFolder(folder);
  const wanted = new Map(namesIn(home).map((name) => [name, join(home, name)]));
  wanted.set(credentials, pypirc);
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (wanted.get(name) === readlinkSync(path)) wanted.delete(name);
    else unlinkSync(path);
  }
  for (const [name, target] of wanted) linkTo(target, join(folder, name));
  return folder;
}

function linkTo(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
