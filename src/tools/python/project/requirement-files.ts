/** What pip's arguments and requirements files say about hosts, and what they expand of variables. */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../../base/environment.ts";
import { readIfPresent } from "../../../base/system/regular-file.ts";
import { localProjects } from "./local-projects.ts";
import { type Mention, placeOf, type Secrets, unverifiedHost, urlsIn } from "./mentions.ts";
import {
  decodeRequirements,
  lineWords,
  longOptionValues,
  requirementLines,
  type RequirementLine,
  shortOptionValues,
  variablesIn,
} from "./requirements.ts";
import { mentionsOfLinkPage } from "./link-pages.ts";
import { mentionsOfLinkFolders, mentionsOfWheels } from "./wheels.ts";
import { mentionsOfScript, mentionsOfToml, unreadable, urlsFetchedBy } from "./toml-files.ts";

const maxFiles = 64;
const maxBytes = 4 << 20;

/** The options of pip, pip-tools and uv whose value is a requirements file. */
const fileOptions = [
  "--requirements",
  "--requirements-from-script",
  "--constraints",
  "--build-constraints",
  "--overrides",
  "--with-requirements",
];
/** Variables whose value is one, or several with blanks between. */
export const fileVariables = ["PIP", "UV"].flatMap((tool) =>
  ["REQUIREMENT", "CONSTRAINT", "BUILD_CONSTRAINT", "OVERRIDE"].map((name) => `${tool}_${name}`),
);

const linkVariables = ["PIP_FIND_LINKS", "UV_FIND_LINKS"];

function linkOptions(words: readonly string[]): string[] {
  return [...longOptionValues(words, "--find-links"), ...shortOptionValues(words, "f")];
}

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
  scan.readLinks([...linkOptions(args), ...linkVariables.flatMap((name) => env[name]?.split(/[\s,]+/) ?? [])], [cwd]);
  scan.mentions.push(...mentionsOfWheels(args, [cwd]));
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

  /** The wheels in folders of links, and local pages with links. `place` is that of a page that cannot be read. */
  readLinks(values: readonly string[], from: readonly string[], place = "the command line"): void {
    const local = values.filter((value) => value !== "" && !/^https?:/i.test(value));
    this.mentions.push(...mentionsOfLinkFolders(local, from));
    for (const page of local) if (/\.html?$/i.test(page)) this.mentions.push(...mentionsOfLinkPage(page, from, place));
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
    const from = [this.#cwd, dirname(path)];
    this.readLinks(linkOptions(words), from, place);
    this.mentions.push(...mentionsOfWheels([line.text, ...words], from));
    const nested = [
      ...longOptionValues(words, "--requirement"),
      ...longOptionValues(words, "--constraint"),
      ...shortOptionValues(words, "rc"),
    ];
    for (const name of nested) this.read(name, dirname(path), place);
    for (const folder of localProjects(words, from)) {
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
