/** What PDM reads of a project: its configuration, and the URLs of its lock file. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { decodedUri } from "../../../base/net/uri.ts";
import { ancestors } from "../../../base/system/ancestors.ts";
import type { Environment } from "../../../base/environment.ts";
import { type Mention, urlsIn } from "./mentions.ts";
import { readTomlFile } from "../../small-files.ts";
import { tableOf } from "../../../base/json.ts";
import { pdmConfigPath } from "../../pdm/config-path.ts";
import { isFetched, mentionsOfProject, tomlOf } from "./toml-files.ts";
import { longOptionValues } from "./requirements.ts";

const configuration = ["pdm.toml", ".pdm.toml", "pyproject.toml"];

/** PDM's words, `pdm` among the first: by its own name, as a module, or as its interpreter's script. */
export function isPdm(words: readonly string[]): boolean {
  return words.slice(0, 8).some((word) => basename(word) === "pdm" || /^-[a-zA-Z]*mpdm$/.test(word));
}

/** The project's files in its folder and all above, of which PDM takes the nearest with a `pyproject.toml`. */
export function mentionsOfPdm(words: readonly string[], cwd: string, env: Environment): Mention[] {
  const named = [...longOptionValues(words, "--project"), ...joinedValues(words, "p"), env["PDM_PROJECT"] ?? ""];
  const folders = [...new Set(["", ...named].map((folder) => resolve(cwd, folder)))];
  const trusted = ownIndexes(env);
  return folders.flatMap((folder) =>
    mentionsOfProject(folder, configuration).concat(
      mentionsOfLocks(folder, words, env),
      ancestors(folder).flatMap((at) => configuration.flatMap((name) => elsewhere(join(at, name), trusted))),
    ),
  );
}

/** Where PDM gets packages from: sources and requirements. Keys may be quoted and hold dots. */
const sourceKey =
  /^(tool\.pdm\.source\.url|pypi\.(.+\.)?url|(project\.(optional-)?dependencies|dependency-groups|tool\.pdm\.(dev-dependencies|(resolution\.)?overrides)|build-system\.requires)(\..*)?)$/;

/** Public indexes that take no package which requires another by its URL. */
const publicIndex = /^https:\/\/(test\.)?pypi\.org\/|^https:\/\/files\.pythonhosted\.org\//;

/**
 * Sources and requirements of a project's file that are neither public nor the user's own: what they answer can name an
 * `http://` address of the repository's host, to which PDM sends the password that it has for the host. Projects in
 * local folders are read as this one is; `seen` has the files that were.
 */
function elsewhere(path: string, trusted: ReadonlySet<string>, seen = new Set<string>()): Mention[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const mentions: Mention[] = [];
  for (const url of seen.size > maxFiles ? ["too many projects"] : sourcesIn(path)) {
    const folder = localFolder(url, dirname(path));
    if (folder !== undefined) {
      mentions.push(...mentionsOfProject(folder, ["pyproject.toml"], false).filter(isFetched));
      mentions.push(...elsewhere(join(folder, "pyproject.toml"), trusted, seen));
    } else if (!publicIndex.test(url) && !trusted.has(withSlash(url))) {
      mentions.push({ kind: "elsewhere", place: path, url, tool: "PDM" });
    }
  }
  return mentions;
}

const maxFiles = 500;

/** The URLs of the sources and requirements in a file; none if mentionsOfProject reports that it cannot be read. */
function sourcesIn(path: string): string[] {
  const urls: string[] = [];
  const visit = (value: unknown, keys: string[]): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, keys);
    else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, [...keys, key]);
    } else if (typeof value === "string" && sourceKey.test(keys.join("."))) urls.push(...urlsIn(value));
  };
  visit(tomlOf(path), []);
  return urls;
}

/** The folder of a `file:` URL that holds a project. */
function localFolder(url: string, root: string): string | undefined {
  const path = /^file:\/\/\/?(.*)$/i.exec(url)?.[1]?.replace(/^\/?\$\{PROJECT_ROOT\}/, root);
  if (path === undefined) return undefined;
  const folder = resolve("/", decodedUri(path));
  return existsSync(join(folder, "pyproject.toml")) ? folder : undefined;
}

/** The indexes of the user's own file. */
function ownIndexes(env: Environment): Set<string> {
  const pypi = tableOf(readTomlFile(pdmConfigPath(env))?.["pypi"]);
  const urls = [pypi["url"], ...Object.values(pypi).map((source) => tableOf(source)["url"])];
  return new Set(urls.flatMap((url) => (typeof url === "string" ? urlsIn(url).map(withSlash) : [])));
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}

/** PDM sends a password to every URL of a host that it has one for, without TLS too: also to those of a lock file. */
function mentionsOfLocks(folder: string, words: readonly string[], env: Environment): Mention[] {
  const named = [...longOptionValues(words, "--lockfile"), ...joinedValues(words, "L"), env["PDM_LOCKFILE"] ?? ""];
  const files = [
    ...ancestors(folder).flatMap((at) => locksIn(at).map((name) => resolve(at, name))),
    ...named.filter((name) => name !== "").map((name) => resolve(folder, name)),
  ];
  const found = files.flatMap((file) => mentionsOfProject(dirname(file), [basename(file)], false));
  return found.filter((mention) => mention.kind !== "url" || isFetched({ ...mention, isDirect: false }));
}

function locksIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^(pdm.*\.lock|pylock.*\.toml)$/.test(name));
  } catch {
    return [];
  }
}

/** The values of a short option, also joined to it and behind flags: `-p X`, `-pX`, `-vpX`. */
function joinedValues(words: readonly string[], letter: string): string[] {
  return words.flatMap((word, index) => {
    const [, value] = new RegExp(`^-[a-zA-Z]*?${letter}(.*)$`, "s").exec(word) ?? [];
    if (value === undefined || word.startsWith("--")) return [];
    return [value.replace(/^=/, "") || (words[index + 1] ?? "")];
  });
}
