/**
 * The home folder as hatch shall see it: the user's, with another `.pypirc`. That is the one file with credentials that
 * hatch opens without asking whether it is a regular one, so that it can be a pipe.
 */
import { join } from "node:path";
import { createStateFolder } from "../../agent/process/folder.ts";
import { namesIn } from "../../base/system/folder-names.ts";
import { pluginFolder } from "../plugin-folder.ts";

const credentials = ".pypirc";

/** The section that gives hatch user name and password for exactly that URL, as Python's configparser reads it. */
export function pypircFor(url: string, token: string): string {
  const value = (text: string): string => text.replaceAll("%", "%%");
  return `[vouch]\nrepository = ${value(url)}\nusername = aws\npassword = ${value(token)}\n`;
}

/**
 * Makes the folder, of this process alone: links to all that is in the home folder, and `.pypirc` as a link to that path.
 * Gives its path. Throws as `pluginFolder`.
 */
export function homeWith(pypirc: string, home: string): string {
  const links = { ...linksTo(home, "", createStateFolder()), [credentials]: pypirc };
  return pluginFolder(
    "hatch",
    Object.fromEntries(Object.entries(links).map(([path, target]) => [path, { linkTo: target }])),
  );
}

/** The links to all that is in a folder. What leads to the agent's is a folder with links of its own: no link is a circle. */
function linksTo(folder: string, at: string, agent: string): Record<string, string> {
  const links: Record<string, string> = {};
  for (const name of namesIn(folder)) {
    const target = join(folder, name);
    if (target === agent) continue;
    if (agent.startsWith(`${target}/`)) Object.assign(links, linksTo(target, join(at, name), agent));
    else links[join(at, name)] = target;
  }
  return links;
}
