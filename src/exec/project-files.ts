/**
 * Checks project files for package managers without a shim. They expand environment variables in project data, and the
 * variables of `vouch exec` have known names: each use must belong to the URL of a configured registry. No project code
 * runs.
 *
 * The search for files is not that of the shims' guards (tools/npm/guard/project.ts,
 * tools/python/project/requirement-files.ts): npm's follows a known tool from manifest to workspace and knows which of
 * its settings matter, pip's follows requirements files alone. These tools have no guard that knows them, so every file
 * counts that an argument or another file names.
 */
import { archivesOf } from "./archives.ts";
import { checkOf } from "./checked-commands.ts";
import type { Environment } from "../base/environment.ts";
import { VouchError } from "../base/errors.ts";
import { ancestors } from "../base/process/ancestors.ts";
import { readRegularFile, whyUnreadable } from "../base/system/regular-file.ts";
import { dirname, join, resolve } from "../tools/npm/guard/paths.ts";
import { parseNpmrc } from "../tools/npm/guard/settings-text.ts";
import { refersToToken } from "../tools/npm/guard/token-variables.ts";
import { reasonOf } from "../tools/npm/guard/trust.ts";
import { readNugetConfig, urlsOfPassword } from "../tools/nuget/passwords.ts";
import { judge } from "../tools/python/guard/judge.ts";
import { type Mention, urlsIn } from "../tools/python/project/mentions.ts";
import { secretsIn } from "../tools/python/guard/secrets.ts";
import { trustSettingIn } from "../tools/yarn/project-files.ts";
import { leadsElsewhere } from "../tools/yarn/token-destinations.ts";

const javascript = [".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", "bunfig.toml", "package.json"];
const python = ["pyproject.toml", "pdm.toml", "pdm.lock", "Pipfile", "Pipfile.lock"];
/** In the order in which NuGet looks for them. */
const nuget = ["nuget.config", "NuGet.config", "NuGet.Config"];
const filesOf = { javascript, python, nuget };

const maxBytes = 4 << 20;
const trustKey =
  /(^|:)(https?[-_]?proxy|disableTLSCertificateValidation|proxy|(https)?(ca|cert)(file(path)?)?|ca_certs|networksettings)$/i;
const verifyKey = /(^|:)(enablestrictssl|strict-?ssl|verify_ssl)$/i;
const registryKey = /^(npmRegistryServer|npmPublishRegistry|registry|url)$|:registry$/;

/** A string in a file, with the keys that lead to it. */
interface Entry {
  file: string;
  path: string[];
  value: string;
}

/**
 * Checks the project's files in the current folder, in folders named by arguments, and in all their parents. `env` is
 * the environment of the command. Does nothing for commands that are not in the table. Throws `project_untrusted`, or
 * as `judge` if the agent cannot be asked.
 */
export async function guardProject(command: string, args: readonly string[], env: Environment): Promise<void> {
  const check = checkOf(command);
  if (check !== "javascript" && check !== "python" && check !== "nuget") return;
  const names = filesOf[check];
  const variables = [...secretsIn(env).variables].map(escapeRegExp);
  if (variables.length === 0) return;
  const name = new RegExp(`(?<!\\w)(${variables.join("|")})(?!\\w)`, "g");
  const entries = await entriesOf(args, names, env, name);
  const uses = entries.filter((entry) => usedIn(entry, name) !== undefined);
  if (uses.length === 0) return;
  const isYarn = /(^|\/)(yarn|yarnpkg|corepack)$/.test(command);
  const trust = entries.find((entry) => isTrust(entry) && (isYarn || !isOfYarn(entry)));
  if (trust !== undefined) throw fault(`${placeOf(trust)} ${reasonOf(trust.path.at(-1)!)}`, "Delete the line.");
  const mentions = uses.flatMap((use) => mentionsOf(use, usedIn(use, name)!, entries));
  if (isYarn) mentions.push(...destinationsOf(entries, usedIn(uses[0]!, name)!));
  const urls = entries.flatMap((entry) =>
    urlsIn(entry.value).map((url): Mention => ({ kind: "url", place: placeOf(entry), url })),
  );
  const archives = check === "javascript" ? archivesOf(usedIn(uses[0]!, name)!) : [];
  const { refusal } = await judge([...mentions, ...urls, ...archives]);
  if (refusal !== undefined) throw refusal;
}

/** The addresses to which yarn 1 would send the token of a package's registry. */
function destinationsOf(entries: readonly Entry[], what: string): Mention[] {
  const keys = entries.filter(({ file, path }) => file.endsWith(".npmrc") && leadsElsewhere(path[0] ?? "", []));
  return keys.map((entry) => {
    const mention: Mention = { kind: "secret", place: placeOf(entry), what };
    const address = /^(?:\/\/)?(.*):_(?:authToken|password)/s.exec(entry.path[0]!)?.[1];
    if (address !== undefined) mention.url = `https://${address}`;
    return mention;
  });
}

function isOfYarn({ file }: Entry): boolean {
  return file.endsWith("/.yarnrc");
}

/** Whether the entry sets a proxy or trusted certificates, at any depth. */
function isTrust({ file, path, value }: Entry): boolean {
  if (isOfYarn({ file, path, value })) return path.length > 0;
  return path.some((key) => trustKey.test(key)) || (verifyKey.test(path.at(-1) ?? "") && value !== "true");
}

/** The token variable that the entry uses, in its value or a key. */
function usedIn({ file, path, value }: Entry, name: RegExp): string | undefined {
  const key = path.at(-1) ?? "";
  // A project's scripts are code. Of these tools only Python's expand variables in a manifest, in the sources they
  // name.
  if (file.endsWith("/package.json")) return undefined;
  if (path.length > 0 && python.some((each) => file.endsWith(`/${each}`))) {
    if (!value.includes("://") && !/^(url|username|password)$/.test(key)) return undefined;
  }
  const text = `${path.join(" ")} ${value}`;
  return text.match(name)?.[0] ?? (refersToToken(text) ? "npm_config_//…" : undefined);
}

/** The URLs that a use of a variable belongs to; a mention without URL if there is none. */
function mentionsOf(use: Entry, what: string, entries: Entry[]): Mention[] {
  const place = placeOf(use);
  const mention = (url?: string): Mention => ({ kind: "secret", place, what, ...(url === undefined ? {} : { url }) });
  const sources = urlsOfPassword(use, entries);
  if (sources !== undefined) return sources.length === 0 ? [mention()] : sources.map(mention);
  // Only as the password of a URL.
  if (use.value.includes("://")) {
    const [url, ...others] = urlsIn(use.value);
    const isPassword = /^https:\/\/[\w.-]*:\$\{?\w+\}?@[^@$\\]*$/.test(use.value);
    return [mention(isPassword && others.length === 0 ? url : undefined)];
  }
  if (!/\.(npmrc|toml|ya?ml)$|\/(Pipfile|pdm\.lock|Pipfile\.lock)$/.test(use.file)) return [mention()];
  // A key with an address: `//host/path/:_authToken`, `npmRegistries: { "//host/path": … }`.
  const key = use.path.findLast((each) => /^(https:)?\/\//.test(each));
  if (key !== undefined) return [mention(`https:${key.replace(/^https:/, "").replace(/\/?:[\w-]*$/, "")}/`)];
  if (use.file.endsWith(".npmrc")) return [mention()];
  // The same table in any file, which the tool may merge; a global setting applies to every registry.
  const table = use.path.slice(0, -1).join("\0");
  const beside = entries.filter(({ path }) => {
    const last = path.at(-1) ?? "";
    if (last === "npmPublishRegistry" || path.at(-2) === "publishConfig") return true;
    return registryKey.test(last) && (table === "" || path.slice(0, -1).join("\0") === table);
  });
  return beside.length === 0
    ? [mention()]
    : beside.map(({ value }) => mention(value.endsWith("/") ? value : `${value}/`));
}

/**
 * The entries of the files that the tool may read: the named ones in the current folder, in the folders of arguments and
 * in all their parents; files that arguments name; and, step by step, files and folders that an entry names (`--cwd` in
 * .yarnrc, injectEnvironmentFiles in .yarnrc.yml). Throws `project_untrusted` beyond `maxPlaces`.
 */
async function entriesOf(args: readonly string[], names: string[], env: Environment, name: RegExp): Promise<Entry[]> {
  const here = process.cwd();
  const entries: Entry[] = [];
  const seen = new Set<string>();
  const read = (file: string): void => {
    // The user's own files.
    if (seen.has(file) || dirname(file) === env["HOME"]) return;
    seen.add(file);
    const text = textOf(file);
    if (text === undefined) return;
    const found = parse(file, text, env, name);
    entries.push(...found);
    if (!/\/package\.json$|[.-]lock(\.json)?$/.test(file)) queue.push(...referencesOf(file, text, found));
  };
  const queue: Reference[] = [{ folder: here, word: "." }, ...wordsOf(args).map((word) => ({ folder: here, word }))];
  for (let reference = queue.shift(); reference !== undefined; reference = queue.shift()) {
    if (seen.size > maxPlaces)
      throw fault("its files name more files than Vouch looks at", "Run the command elsewhere.");
    const place = resolve(reference.folder, reference.word);
    const kind = await kindOf(place);
    if (kind === undefined || seen.has(`${place}/`)) continue;
    if (kind === "file" && !/\.([cm]?[jt]sx?|py|sh)$/.test(place)) read(place);
    for (const folder of ancestors(kind === "file" ? dirname(place) : place)) {
      if (seen.has(`${folder}/`)) continue;
      seen.add(`${folder}/`);
      // bun and yarn read variables from such files, and bun expands others in them.
      const variables = names === javascript ? await Array.fromAsync(new Bun.Glob(".*env*").scan(scanOf(folder))) : [];
      for (const each of [...names, ...variables]) read(join(folder, each));
    }
  }
  return entries;
}

/** A word that may be a path, and the folder that it is relative to. */
interface Reference {
  folder: string;
  word: string;
}

/** Limit on files and folders: untrusted input names them. */
const maxPlaces = 5000;

/** The words of a file that may name another: whole values, and the words of a .yarnrc, which are options. */
function referencesOf(file: string, text: string, found: readonly Entry[]): Reference[] {
  const values = found.map(({ value }) => value);
  const words = file.endsWith("/.yarnrc") ? wordsOf(text.split(/\s+/).map((word) => word.replaceAll(/["']/g, ""))) : [];
  const named = [...values, ...words].filter((word) => word !== "" && word.length < 1024 && !/[\0\n]|:\/\//.test(word));
  return [...new Set(named)].map((word) => ({ folder: dirname(file), word }));
}

/** Arguments that may be paths: the word, the value after `=`, the value joined to a short option. */
function wordsOf(args: readonly string[]): string[] {
  return args.flatMap((arg) => [
    arg,
    ...(/^-[\w-]*=/.test(arg) ? [arg.slice(arg.indexOf("=") + 1)] : []),
    ...(/^-\w./.test(arg) ? [arg.slice(2)] : []),
  ]);
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await Bun.file(path).stat()).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}

function scanOf(cwd: string): Bun.GlobScanOptions {
  return { cwd, dot: true, onlyFiles: false, followSymlinks: false };
}

function parse(file: string, text: string, env: Environment, name: RegExp): Entry[] {
  const whole: Entry = { file, path: [], value: withoutEscapes(text) };
  const found: Entry[] = [];
  try {
    if (file.endsWith(".npmrc")) {
      found.push(...parseNpmrc(text, {}).map(({ key, value }) => ({ file, path: [key], value })));
    } else if (/\.(toml|yml|yaml|json)$|\/(Pipfile|pdm\.lock|Pipfile\.lock)$/.test(file)) {
      const format = /\.json$|Pipfile\.lock$/.test(file) ? JSON : /\.ya?ml$/.test(file) ? Bun.YAML : Bun.TOML;
      visit(format.parse(text.replace(/^\ufeff/, "")), [], (path, value) => found.push({ file, path, value }));
    } else if (file.toLowerCase().endsWith(".config")) {
      found.push(...readNugetConfig(text).map(({ path, value }) => ({ file, path, value })));
    } else if (file.endsWith("/.yarnrc")) {
      const key = trustSettingIn(text);
      if (key !== undefined) found.push({ file, path: [key], value: "" });
    } else return usedIn(whole, name) === undefined ? [] : [whole];
  } catch {
    return usedIn(whole, name) === undefined ? [] : [whole];
  }
  // If another parser might find more uses than ours, or the file is in another language, the whole text is judged.
  const isLegacy = /yarn\s+lockfile\s+v1/i.test(text) && file.endsWith(".yml");
  const inText = whole.value.match(name)?.length ?? 0;
  const inEntries = found.flatMap(({ path, value }) => `${path.join(" ")} ${value}`.match(name) ?? []).length;
  return inText > 0 && (isLegacy || inText > inEntries) ? [...found, whole] : found;
}

/** Calls `use` for each string, number and boolean of a parsed document. */
function visit(value: unknown, path: string[], use: (path: string[], value: string) => void): void {
  if (typeof value !== "object" || value === null) return use(path, String(value));
  for (const [key, each] of Object.entries(value)) visit(each, [...path, key], use);
}

/** The text without comment lines, with the escapes of YAML, TOML and JSON decoded. */
function withoutEscapes(text: string): string {
  return text
    .replace(/^[^\S\r\n]*[#;].*$/gm, "")
    .replace(/\\\r?\n\s*/g, "")
    .replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/gi, (whole, ...codes: unknown[]) => {
      const code = Number.parseInt(codes.slice(0, 3).find((each) => typeof each === "string") as string, 16);
      return code > 0x10_ff_ff ? whole : String.fromCodePoint(code);
    });
}

function textOf(file: string): string | undefined {
  try {
    return readRegularFile(file, maxBytes).toString("utf8");
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw fault(`${file} cannot be read: ${whyUnreadable(error)}`, "Remove it, or run the command elsewhere.");
  }
}

function placeOf({ file, path }: Entry): string {
  return path.length === 0 ? file : `${file}: ${path.join(".")}`;
}

function fault(what: string, hint: string): VouchError {
  return new VouchError("project_untrusted", `No token here: ${what}.`, { hint });
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
