/** What PDM reads of a project: its configuration, and the URLs of its lock file. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { namesIn } from "../../../base/system/folder-names.ts";
import { decodedUri } from "../../../base/net/uri.ts";
import { ancestors } from "../../../base/process/ancestors.ts";
import type { Environment } from "../../../base/environment.ts";
import { type Mention, urlsIn } from "./mentions.ts";
import { readTomlFile } from "../../checks/small-files.ts";
import { tableOf } from "../../../base/json.ts";
import { pdmConfigPath } from "../../pdm/config-path.ts";
import { isFetched, mentionsOfProject, tomlOf } from "./toml-files.ts";
import { longOptionValues } from "./requirements.ts";

const configuration = ["pdm.toml", ".pdm.toml", "pyproject.toml"];

/** PDM's words, `pdm` among the first: by its own name, as a module, or as its interpreter's script. */
export function isPdm(words: readonly string[]): boolean {
  return words.slice(0, 8).some((word) => basename(word) === "pdm" || /^-[a-zA-Z]*mpdm$/.test(word));
}

/** The folders in which PDM may look for the project, and for its parents. */
export function foldersOfPdm(words: readonly string[], cwd: string, env: Environment): string[] {
  const named = [...longOptionValues(words, "--project"), ...joinedValues(words, "p"), env["PDM_PROJECT"] ?? ""];
  return [...new Set(["", ...named].map((folder) => resolve(cwd, folder)))];
}

/** The project's files in its folder and all above, of which PDM takes the nearest with a `pyproject.toml`. */
export function mentionsOfPdm(words: readonly string[], cwd: string, env: Environment): Mention[] {
  const trusted = ownIndexes(env);
  return foldersOfPdm(words, cwd, env).flatMap((folder) =>
    mentionsOfProject(folder, configuration).concat(
      mentionsOfLocks(folder, words, env),
      ancestors(folder).flatMap((at) => configuration.flatMap((name) => elsewhere(join(at, name), trusted))),
    ),
  );
}

/** Where PDM gets packages from: sources, and requirements. Keys may be quoted and hold dots. */
const sourceKey = /^(tool\.pdm\.source\.url|pypi\.(.+\.)?url)$/;
const requirementKey =
  /^(project\.(optional-)?dependencies|dependency-groups|tool\.pdm\.(dev-dependencies|plugins|(resolution\.)?overrides)|build-system\.requires)(\..*)?$/;

/** Public indexes that take no package which requires another by its URL. */
const publicIndex = /^https:\/\/(test\.)?pypi\.org\/|^https:\/\/files\.pythonhosted\.org\//;

/**
 * Sources and requirements of a project's file that are neither public nor the user's own: what they answer, and the
 * metadata of archives in them, can name an `http://` address of the repository's host, to which PDM sends the password
 * that it has for the host. Projects in local folders are read as this one is; `seen` has the files that were.
 */
function elsewhere(path: string, trusted: ReadonlySet<string>, seen = new Set<string>()): Mention[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const mentions: Mention[] = [];
  for (const { url, isSource } of seen.size > maxFiles ? [{ url: "too many projects" }] : sourcesIn(path)) {
    const folder = isSource === true ? undefined : localFolder(url, dirname(path));
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

/** What packages are taken from: a URL, where `file:` also stands before relative paths. */
interface PackageSource {
  url: string;
  /** Whether it is a source: PDM takes archives from its folder, even if that holds a project as well. */
  isSource?: boolean;
}

/** The sources and requirements in a file; none if mentionsOfProject reports that it cannot be read. */
function sourcesIn(path: string): PackageSource[] {
  const found: PackageSource[] = [];
  const visit = (value: unknown, keys: string[]): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, keys);
    else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, [...keys, key]);
    } else if (typeof value === "string") {
      const key = keys.join(".");
      if (sourceKey.test(key)) found.push(...sourceUrls(value).map((url) => ({ url, isSource: true })));
      else if (requirementKey.test(key)) found.push(...requiredUrls(value).map((url) => ({ url })));
    }
  };
  visit(tomlOf(path), []);
  return found;
}

/** The URLs of a source; a folder without scheme as `file:`. */
function sourceUrls(text: string): string[] {
  const urls = urlsIn(text);
  return urls.length > 0 || text.trim() === "" ? urls : [`file:${text.trim().replace(/^file:/i, "")}`];
}

/** The URLs in a requirement, and the path of one that names an archive or a folder: `x @ file:./x.whl`, `-e ./x`. */
function requiredUrls(text: string): string[] {
  const requirement = text.replaceAll("{root:uri}", "file:///${PROJECT_ROOT}");
  const urls = urlsIn(requirement);
  if (urls.length > 0) return urls;
  const plain = requirement.replace(/^\s*(-e|--editable)[\s=]*/, "").replace(/;.*$/s, "");
  const path = /^[^@/]*@\s*(\S+)/.exec(plain)?.[1] ?? (/^\s*["']?\.|\//.test(plain) ? plain : undefined);
  return path === undefined ? [] : [`file:${path.trim().replace(/^["']|["']$|\[[^\]]*\]$|^file:/gi, "")}`];
}

/** The folder of a `file:` URL that holds a project. */
function localFolder(url: string, root: string): string | undefined {
  const path = /^file:(?:\/\/\/?(?=\/|\$))?(.*)$/i.exec(url)?.[1]?.replace(/^\/*\$\{PROJECT_ROOT\}/, root);
  if (path === undefined) return undefined;
  const folder = resolve(root, decodedUri(path));
  return ["pyproject.toml", "setup.py"].some((name) => existsSync(join(folder, name))) ? folder : undefined;
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

/** PDM sends a password to every URL of a host that it has one for: also to those of a lock file. */
function mentionsOfLocks(folder: string, words: readonly string[], env: Environment): Mention[] {
  const named = [...longOptionValues(words, "--lockfile"), ...joinedValues(words, "L"), env["PDM_LOCKFILE"] ?? ""];
  const files = [
    ...ancestors(folder).flatMap((at) => locksIn(at).map((name) => resolve(at, name))),
    ...named.filter((name) => name !== "").map((name) => resolve(folder, name)),
  ];
  return files.flatMap((file) => mentionsOfProject(dirname(file), [basename(file)], false));
}

function locksIn(folder: string): string[] {
  return namesIn(folder).filter((name) => /^(pdm.*\.lock|pylock.*\.toml)$/.test(name));
}

/** The values of a short option, also joined to it and behind flags: `-p X`, `-pX`, `-vpX`. */
function joinedValues(words: readonly string[], letter: string): string[] {
  return words.flatMap((word, index) => {
    const [, value] = new RegExp(`^-[a-zA-Z]*?${letter}(.*)$`, "s").exec(word) ?? [];
    if (value === undefined || word.startsWith("--")) return [];
    return [value.replace(/^=/, "") || (words[index + 1] ?? "")];
  });
}
