/**
 * The home folder as hatch shall see it: the user's, with another `.pypirc`. That is the one file with credentials that
 * hatch opens without asking whether it is a regular one, so that it can be a pipe.
 */
import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { createAgentFolder } from "../../agent/process/folder.ts";
import { lstat } from "../../agent/wire/client.ts";
import { agentFolder } from "../../agent/wire/socket.ts";
import { namesIn } from "../../base/system/folder-names.ts";

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
  const agent = agentFolder(lstat);
  createAgentFolder(agent);
  // Another hatch that starts at the same time makes the same links.
  const folder = join(agent, `hatch${pypirc.replaceAll("/", "-")}`);
  mirror(home, folder, agent, pypirc);
  return folder;
}

/** Links to all that is in a folder. What leads to the agent's is a folder with links of its own: no link is a circle. */
function mirror(of: string, folder: string, agent: string, pypirc?: string): void {
  createAgentFolder(folder);
  const targets = new Map(namesIn(of).map((name) => [name, join(of, name)]));
  if (pypirc !== undefined) targets.set(credentials, pypirc);
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const isLink = lstatSync(path).isSymbolicLink();
    if (isLink && targets.get(name) !== readlinkSync(path)) unlinkSync(path);
  }
  for (const [name, target] of targets) {
    if (target === agent) continue;
    if (agent.startsWith(`${target}/`)) mirror(target, join(folder, name), agent);
    else linkTo(target, join(folder, name));
  }
}

function linkTo(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
