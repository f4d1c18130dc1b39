/** What the TOML files of a project, and the metadata of scripts, tell uv, PDM and pip about hosts. */
import { dirname, join } from "node:path";
import { ancestors } from "../../../base/process/ancestors.ts";
import { readIfPresent } from "../../../base/system/regular-file.ts";
import { type Mention, unverifiedHost, urlsIn } from "./mentions.ts";
import { mentionsOfLinkFolders, mentionsOfWheels } from "./wheels.ts";

const maxBytes = 4 << 20;
export const unreadable = "what is no plain file, or too large, or cannot be read";

/** The metadata of a script, a TOML text in comments (PEP 723). */
export function mentionsOfScript(text: string, place: string): Mention[] {
  const mentions: Mention[] = [];
  let block: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (block === undefined && /^# \/\/\/ script\s*$/.test(line)) block = [];
    else if (block !== undefined && line.startsWith("#")) {
      if (/^# \/\/\/\s*$/.test(line)) mentions.push(...mentionsOfToml(block.splice(0).join("\n"), place));
      else block.push(line.replace(/^# ?/, ""));
    } else block = undefined;
  }
  return mentions;
}

/**
 * The URLs in the strings of a TOML text, the hosts whose certificates uv, PDM and similar tools are told not to check,
 * and their other settings about network and trust.
 */
export function mentionsOfToml(text: string, place: string): Mention[] {
  let parsed: unknown;
  try {
    parsed = Bun.TOML.parse(text);
  } catch {
    return [{ kind: "unknown", place, what: "TOML that Vouch does not read" }];
  }
  const mentions: Mention[] = [];
  const visit = (value: unknown, path: string[], parent: Record<string, unknown> | undefined): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, path, parent);
    else if (typeof value === "object" && value !== null) {
      const table = value as Record<string, unknown>;
      for (const [name, each] of Object.entries(table)) visit(each, [...path, name], table);
    } else mentions.push(...mentionsOfValue(value, path, parent, place));
  };
  visit(parsed, [], undefined);
  return mentions;
}

/** Options of PDM's commands that `tool.pdm.options` may set: other certificates, another project or lock file. */
const pdmOption = /^(--(no-v|ca|proj|l)|-[a-zA-Z]*[pL])/;

function mentionsOfValue(
  value: unknown,
  path: readonly string[],
  parent: Record<string, unknown> | undefined,
  place: string,
): Mention[] {
  // PDM joins keys by dots, so that a quoted key can hold several.
  const key = path.at(-1)?.split(".").at(-1) ?? "";
  const at = `${place}, ${key}`;
  const mentions: Mention[] = [];
  if (/^(https?|no)-proxy$/.test(key)) mentions.push({ kind: "setting", place, what: key, tool: "uv" });
  if (key === "verify_ssl" && value !== true) mentions.push(...allOf(parent, at));
  if (typeof value !== "string") return mentions;
  if (path.slice(0, 3).join(".") === "tool.pdm.options" && pdmOption.test(value)) {
    mentions.push({ kind: "setting", place, what: `${value} (tool.pdm.options)`, tool: "PDM" });
  }
  const isDirect = /^\s*[\w.-]+\s*(\[[^\]]*\])?\s*@/.test(value);
  for (const url of urlsIn(value)) mentions.push({ kind: "url", place, url, isDirect });
  if (/^(allow[-_]insecure[-_]host|trusted[-_]host)$/.test(key)) mentions.push(unverifiedHost(value, at));
  if (/^(ca_certs|client_cert|client_key)$/.test(key)) mentions.push(...allOf(parent, at));
  return mentions;
}

/** Unchecked certificates: those of the URL in the same table, or of an unknown one. */
function allOf(table: Record<string, unknown> | undefined, place: string): Mention[] {
  const url = table?.["url"];
  if (typeof url !== "string") return [{ kind: "unknown", place, what: "another trust than yours" }];
  return urlsIn(url).map((each) => ({ kind: "unverified", place, url: each }));
}

/** URLs from which pip fetches what the project in the folder needs: direct ones, and those without TLS. */
export function urlsFetchedBy(folder: string): Mention[] {
  return mentionsOfProject(folder, ["pyproject.toml"], false).filter(isFetched);
}

/** Whether pip fetches it: any other https URL may be a homepage. */
export function isFetched({ kind, url = "", isDirect }: Mention): boolean {
  return kind === "url" && (isDirect === true || !/^https:/i.test(url));
}

/** The mentions in the files of these names, in the folder and, unless `above` is false, in its parents. */
export function mentionsOfProject(folder: string, names: readonly string[], above = true): Mention[] {
  const folders = above ? ancestors(folder) : [folder];
  return folders.flatMap((at) => names.flatMap((name) => mentionsOfFile(join(at, name))));
}

function mentionsOfFile(path: string): Mention[] {
  try {
    const text = readIfPresent(path, maxBytes)?.toString("utf8");
    return text === undefined ? [] : [...mentionsOfToml(text, path), ...mentionsOfLocalWheels(path)];
  } catch {
    return [{ kind: "unknown", place: path, what: unreadable }];
  }
}

/** What the wheels say that a file's strings name, and those in its folders of links. */
function mentionsOfLocalWheels(path: string): Mention[] {
  const words: string[] = [];
  const links: string[] = [];
  const visit = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, key);
    else if (typeof value === "object" && value !== null)
      for (const [name, each] of Object.entries(value)) visit(each, name);
    else if (typeof value === "string") (/^find[-_]links$/.test(key) ? links : words).push(value);
  };
  visit(tomlOf(path), "");
  const folder = [dirname(path)];
  return [...mentionsOfWheels(words, folder), ...mentionsOfLinkFolders(links, folder)];
}

/** A project's TOML file; undefined if there is none, or if mentionsOfProject reports that it cannot be read. */
export function tomlOf(path: string): unknown {
  try {
    return Bun.TOML.parse(readIfPresent(path, maxBytes)?.toString("utf8") ?? "");
  } catch {
    return undefined;
  }
}
