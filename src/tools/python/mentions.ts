/**
 * Finds what a project's data tells a Python package manager about hosts: URLs, hosts whose certificates are not
 * checked, expanded variables. judge.ts judges the result.
 */
import { statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ancestors } from "../../base/system/ancestors.ts";
import { localProjects } from "./local-projects.ts";
import { readIfPresent, readRegularFile } from "../../base/system/regular-file.ts";
import type { Environment } from "../../base/environment.ts";
import {
  decodeRequirements,
  lineWords,
  longOptionValues,
  requirementLines,
  type RequirementLine,
  shortOptionValues,
  variablesIn,
} from "./requirements.ts";

export interface Mention {
  /**
   * `url`: a URL. `unverified`: a host whose certificate is not checked (as `https://HOST/`, so that it can be judged
   * as a URL). `secret`: a variable with a token, expanded in this URL or, without one, elsewhere. `setting`: a setting
   * that affects network or trust. `unknown`: something that only the package manager can read.
   */
  kind: "url" | "unverified" | "secret" | "setting" | "unknown";
  /** Position: a file and its line, or the option. */
  place: string;
  /** Without user information, query and fragment. */
  url?: string;
  /** The URL of a requirement (`NAME @ URL`) in `pyproject.toml`, which pip fetches. */
  isDirect?: boolean;
  /** The variable's or setting's name, or why it is unknown. */
  what?: string;
}

/** The tokens in the environment: their values, and the variables whose values contain one. */
export interface Secrets {
  values: string[];
  variables: Set<string>;
}

const maxFiles = 64;
const maxBytes = 4 << 20;
const unreadable = "what is no plain file, or too large, or cannot be read";

/** URLs in a text; tabs and line ends are removed first, as in Python's `urlsplit`. */
export function urlsIn(text: string): string[] {
  const found = text.replace(/[\t\r\n]/g, "").match(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]*/gi) ?? [];
  return found.map(placeOf);
}

/** The URL without user information, query and fragment. */
function placeOf(url: string): string {
  const [, scheme = "", authority = "", path = ""] = /^([^:]+:\/\/)([^/?#]*)([^?#]*)/.exec(url) ?? [];
  // With a backslash, parsers disagree about the host: the whole text is judged.
  const host = authority.includes("\\") ? authority : authority.slice(authority.lastIndexOf("@") + 1);
  return `${scheme}${host}${path}`;
}

/** The host of `--trusted-host` and similar options as a URL: `HOST`, `HOST:PORT`, or anything else in its place. */
export function unverifiedHost(value: string, place: string): Mention {
  const host = value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/[/?#].*$/s, "");
  return { kind: "unverified", place, url: `https://${host}/` };
}

/** The options of pip, pip-tools and uv whose value is a requirements file. */
const fileOptions = [
  "--requirements",
  "--requirements-from-script",
  "--constraints",
  "--build-constraints",
  "--overrides",
  "--with-requirements",
];
const fileVariables = ["PIP", "UV"].flatMap((tool) =>
  ["REQUIREMENT", "CONSTRAINT", "BUILD_CONSTRAINT", "OVERRIDE"].map((name) => `${tool}_${name}`),
);

/**
 * What pip's arguments say, and the requirements files that they and the environment name, nested files included. `cwd`
 * is pip's current folder. pip itself reports a missing file.
 */
export function mentionsOfPip(args: readonly string[], cwd: string, env: Environment, secrets: Secrets): Mention[] {
  const scan = new RequirementScan(cwd, env, secrets);
  const named = [
    ...fileOptions.flatMap((name) => longOptionValues(args, name)),
    ...shortOptionValues(args, "rc"),
    ...fileVariables.flatMap((name) => env[name]?.split(/\s+/) ?? []),
    // Files that pip-compile, `uv pip compile` and `uv pip sync` read.
    ...args.filter((word) => /\.(txt|in)$/i.test(word) && !word.startsWith("-")),
  ];
  // The user has named these: an https server that serves the file is their choice.
  for (const file of named) if (file !== "" && !/^https:/i.test(file)) scan.read(file, cwd, "the command line");
  return scan.mentions;
}

class RequirementScan {
  readonly mentions: Mention[] = [];
  readonly #seen = new Set<string>();
  readonly #cwd: string;
  readonly #env: Environment;
  readonly #secrets: Secrets;

  constructor(cwd: string, env: Environment, secrets: Secrets) {
    this.#cwd = cwd;
    this.#env = env;
    this.#secrets = secrets;
  }

  /** Reads a file named in `place`, relative to `folder`. */
  read(name: string, folder: string, place: string): void {
    const path = this.#pathOf(name, folder, place);
    if (path === undefined || this.#seen.has(path)) return;
    const shown = relative(this.#cwd, path).startsWith("..") ? path : relative(this.#cwd, path);
    if (this.#seen.size === maxFiles) return this.#unknown(place, "too many requirements files");
    this.#seen.add(path);
    const bytes = this.#bytesOf(path, shown);
    if (bytes === undefined) return;
    const text = decodeRequirements(bytes);
    if (text === undefined) return this.#unknown(shown, "an encoding that Vouch does not read");
    if (/\.toml$/i.test(path)) return void this.mentions.push(...mentionsOfToml(text, shown));
    if (/\.pyw?$/i.test(path)) return void this.mentions.push(...mentionsOfScript(text, shown));
    for (const line of requirementLines(text, this.#env)) this.#readLine(line, path, `${shown}:${line.number}`);
  }

  #pathOf(name: string, folder: string, place: string): string | undefined {
    if (!/^(https?|file):/i.test(name)) return resolve(folder, name);
    if (/^http/i.test(name)) {
      this.#unknown(place, `${placeOf(name)}, a requirements file on the network`);
      return undefined;
    }
    try {
      return fileURLToPath(name);
    } catch {
      this.#unknown(place, "a file: URL that Vouch does not read");
      return undefined;
    }
  }

  #bytesOf(path: string, shown: string): Uint8Array | undefined {
    try {
      return readIfPresent(path, maxBytes);
    } catch {
      this.#unknown(shown, unreadable);
      return undefined;
    }
  }

  #readLine(line: RequirementLine, path: string, place: string): void {
    const words = lineWords(line.text);
    for (const host of longOptionValues(words, "--trusted-host")) this.mentions.push(unverifiedHost(host, place));
    for (const url of new Set([line.text, ...words].flatMap(urlsIn))) this.mentions.push({ kind: "url", place, url });
    this.#readSecrets(line, place);
    for (const page of [...longOptionValues(words, "--find-links"), ...shortOptionValues(words, "f")]) {
      // pip follows the links of a local page, whose spellings only an HTML parser recognizes.
      if (/\.html?$/i.test(page) && !/^https?:/i.test(page)) this.#unknown(place, "a page with links");
    }
    const nested = [
      ...longOptionValues(words, "--requirement"),
      ...longOptionValues(words, "--constraint"),
      ...shortOptionValues(words, "rc"),
    ];
    for (const name of nested) this.read(name, dirname(path), place);
    for (const folder of localProjects(words, [this.#cwd, dirname(path)])) {
      this.mentions.push(...urlsFetchedBy(folder));
    }
  }

  /** A token belongs in the password of `https://aws:…@` and nowhere else. */
  #readSecrets(line: RequirementLine, place: string): void {
    for (const variable of variablesIn(line.raw)) {
      if (!this.#secrets.variables.has(variable)) continue;
      let rest = line.text;
      for (const secret of this.#secrets.values) {
        for (const url of line.text.match(/https:\/\/[^\s"'<>]*/gi) ?? []) {
          const [, authority = ""] = /^https:\/\/([^/?#]*)/i.exec(url)!;
          if (!authority.startsWith(`aws:${secret}@`) || authority.split("@").length > 2) continue;
          this.mentions.push({ kind: "secret", place, url: placeOf(url), what: variable });
          rest = rest.replaceAll(url, url.replace(secret, ""));
        }
      }
      if (this.#secrets.values.some((secret) => rest.includes(secret))) {
        this.mentions.push({ kind: "secret", place, what: variable });
      }
    }
  }

  #unknown(place: string, what: string): void {
    this.mentions.push({ kind: "unknown", place, what });
  }
}

/** The metadata of a script, a TOML text in comments (PEP 723). */
function mentionsOfScript(text: string, place: string): Mention[] {
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

/** The metadata of scripts among the files in the arguments. `-` is a script on stdin, which uv has consumed. */
export function mentionsOfScripts(words: readonly string[], cwd: string): Mention[] {
  return words.flatMap((word): Mention[] => {
    if (word === "-") return [{ kind: "unknown", place: "stdin", what: "a script that uv has read" }];
    try {
      const path = resolve(cwd, word);
      // A word may be anything: to open a named pipe would release who waits for its reader.
      return statSync(path).isFile() ? mentionsOfScript(readRegularFile(path, maxBytes).toString("utf8"), word) : [];
    } catch {
      return [];
    }
  });
}

/**
 * The URLs in the strings of a TOML text, and the hosts whose certificates uv, PDM and similar tools are told not to
 * check.
 */
function mentionsOfToml(text: string, place: string): Mention[] {
  let parsed: unknown;
  try {
    parsed = Bun.TOML.parse(text);
  } catch {
    return [{ kind: "unknown", place, what: "TOML that Vouch does not read" }];
  }
  const mentions: Mention[] = [];
  const visit = (value: unknown, key: string, parent: Record<string, unknown> | undefined): void => {
    if (typeof value === "string") {
      const isDirect = /^\s*[\w.-]+\s*(\[[^\]]*\])?\s*@/.test(value);
      for (const url of urlsIn(value)) mentions.push({ kind: "url", place, url, isDirect });
      if (/^(allow[-_]insecure[-_]host|trusted[-_]host)$/.test(key)) {
        mentions.push(unverifiedHost(value, `${place}, ${key}`));
      }
      if (/^(ca_certs|client_cert)$/.test(key)) mentions.push(...allOf(parent, `${place}, ${key}`));
    } else if (value === false && key === "verify_ssl") mentions.push(...allOf(parent, `${place}, ${key}`));
    else if (Array.isArray(value)) for (const each of value) visit(each, key, parent);
    else if (typeof value === "object" && value !== null) {
      const table = value as Record<string, unknown>;
      for (const [name, each] of Object.entries(table)) visit(each, name, table);
    }
  };
  visit(parsed, "", undefined);
  return mentions;
}

/** Unchecked certificates: those of the URL in the same table, or of an unknown one. */
function allOf(table: Record<string, unknown> | undefined, place: string): Mention[] {
  const url = table?.["url"];
  if (typeof url !== "string") return [{ kind: "unknown", place, what: "another trust than yours" }];
  return urlsIn(url).map((each) => ({ kind: "unverified", place, url: each }));
}

/** URLs from which pip fetches what the project in the folder needs: direct ones, and those without TLS. */
function urlsFetchedBy(folder: string): Mention[] {
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
    return text === undefined ? [] : mentionsOfToml(text, path);
  } catch {
    return [{ kind: "unknown", place: path, what: unreadable }];
  }
}
