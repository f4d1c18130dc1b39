/**
 * Edits pip's configuration file: the index, and the keyring that pip asks for its password.
 * https://pip.pypa.io/en/stable/topics/configuration/
 */
import { VouchError } from "../../base/errors.ts";
import { type Edit, insertBlocks, splitLines } from "../../editing/block.ts";
import { removeCheckedBlocks } from "../../editing/checked-blocks.ts";
import { type IniFile, type IniOption, readIni } from "../../editing/configparser.ts";
import { type Edited, notEditable, undoCommand } from "../../editing/edited.ts";
import { codeArtifactHost } from "../checks/finding.ts";

/** The index of all packages, or one that pip asks beside it. */
export type PipKey = "index-url" | "extra-index-url";

const keyring = "keyring-provider";
const section = "global";

/** Commands whose own section in the file comes before [global]. */
const commandSections = new Set(["install", "download", "wheel", "index", "lock"]);

/**
 * Sets `key` and `keyring-provider = subprocess` in `[global]`. `indexUrl` contains the user name `aws` and no password.
 * `text` is undefined if there is no file; `file` is its path for messages; `formerly` are indexes that an earlier block
 * of ours may contain. Throws `edit_conflict` if pip cannot read the file, or if it cannot be edited so that only these
 * options change.
 */
export function setPipIndex(
  text: string | undefined,
  id: string,
  indexUrl: string,
  file: string,
  formerly: string[] = [],
  key: PipKey = "index-url",
): Edited {
  const before = text === undefined ? undefined : unsetPipIndex(text, id, { file, indexes: [indexUrl, ...formerly] });
  const ini = read(before ?? "", file);
  const values = { [key]: indexUrl, [keyring]: "subprocess" };
  const names = Object.keys(values);
  if (key === "extra-index-url" && ini.options.some((option) => isOneOf(option, [key]))) {
    throw new VouchError("edit_conflict", `${file} sets extra-index-url already, and Vouch adds nothing to a list.`, {
      hint: `Add this line to its value, indented, and keyring-provider = subprocess to [global]: ${indexUrl}`,
    });
  }
  const edited = insertBlocks(before, id, editsFor(ini, values, splitLines(before ?? "").length), {
    file,
    undo: undoCommand(id),
  });
  const wanted = without(ini, names);
  for (const [name, value] of Object.entries(values)) wanted.set(`${section}\n${name}`, value);
  if (!sameOptions(all(tryRead(edited)), wanted)) {
    throw notEditable(
      file,
      `Write this into its section [global]:\n${key} = ${indexUrl}\nkeyring-provider = subprocess`,
    );
  }
  return { text: edited, warnings: warningsOf(ini, file), atEnd: (after) => overridesIn(after, file) };
}

/**
 * Removes the index with that id: lines that name one of the indexes. `onKept` receives the user's lines in the block.
 * Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetPipIndex(
  text: string,
  id: string,
  { file, indexes, onKept }: { file: string; indexes: string[]; onKept?: (line: string) => void },
): string | undefined {
  const own = new Set([
    `[${section}]`,
    "keyring-provider = subprocess",
    ...indexes.flatMap((index) => [`index-url = ${index}`, `extra-index-url = ${index}`]),
  ]);
  const lines = new Set(splitLines(text).map((line) => line.trim()));
  const isExtra = indexes.some((index) => lines.has(`extra-index-url = ${index}`));
  const names = [isExtra ? "extra-index-url" : "index-url", keyring];
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => own.has(line),
    keyOf: (line) =>
      /^[^\s#;[][^=:]*[=:]/.test(line) ? normalize(line.split(/[=:]/)[0]!.trim().toLowerCase()) : undefined,
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => without(tryRead(left), names),
  });
}

/**
 * Replaces the two options by `replaced` if `key` is exactly this one, in a file whose marks are gone: `pip
 * config set` rewrites the file without comments. Undefined if it is another.
 */
export function dropPipIndex(
  text: string,
  indexUrl: string,
  replaced: string[] = [],
  key: PipKey = "index-url",
): string | undefined {
  const names = [key, keyring];
  const ours = tryRead(text).options.filter((option) => isOneOf(option, names));
  if (!ours.some(({ name, value }) => normalize(name) === key && value === indexUrl)) return undefined;
  const lines = splitLines(text);
  for (const { from, to } of ours.toReversed()) lines.splice(from, to - from);
  // The section header that a block began with remains.
  const back = replaced.filter((line) => line.trim() !== `[${section}]`).map((line) => `${line}\n`);
  lines.splice(ours[0]!.from, 0, ...back);
  const restored = lines.join("");
  return sameOptions(without(tryRead(restored), names), without(tryRead(text), names)) ? restored : undefined;
}

/** pip's own spelling: `Index_URL` and `--index-url` are both `index-url`. */
function normalize(name: string): string {
  return name.replaceAll("_", "-").replace(/^--/, "");
}

/** In place of existing options, else after the last option of [global], else in a new section at the end. */
function editsFor(ini: IniFile, values: Record<string, string>, end: number): Edit[] {
  const inSection = ini.options.filter((option) => option.section === section);
  const edits: Edit[] = [];
  const missing: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const spellings = inSection.filter((option) => normalize(option.name) === name);
    const line = `${name} = ${value}`;
    if (spellings.length === 0) missing.push(line);
    for (const [index, { from, to, indent }] of spellings.entries()) {
      edits.push({ from, to, lines: index === 0 ? [indent + line] : [] });
    }
  }
  edits.sort((a, b) => a.from - b.from);
  const [first] = edits;
  const header = ini.sections.get(section);
  if (missing.length === 0) return edits;
  if (first) {
    const indent = /^\s*/.exec(first.lines[0] ?? "")![0];
    first.lines.push(...missing.map((line) => indent + line));
    return edits;
  }
  if (!header) return [{ from: end, to: end, lines: [`[${section}]`, ...missing] }];
  const last = inSection.at(-1);
  const at = last?.to ?? header.line + 1;
  const indent = last?.indent ?? header.indent;
  return [{ from: at, to: at, lines: missing.map((line) => indent + line) }];
}

/** A password of another index; those of CodeArtifact are found by `storedTokens`. */
function warningsOf({ options }: IniFile, file: string): string[] {
  return options
    .filter((option) => isOneOf(option, ["index-url", keyring]) && /:\/\/[^/@:]*:[^/@]+@/.test(option.value))
    .filter(({ value }) => !codeArtifactHost.test(value))
    .map(
      (option) =>
        `${file} had a password in its ${normalize(option.name)}. It is still there, in a comment: delete that line, unless you want it back with --remove.`,
    );
}

/** Indexes of single commands, which come before that of [global]. */
function overridesIn(text: string, file: string): string[] {
  return tryRead(text)
    .options.filter((option) => commandSections.has(option.section) && normalize(option.name) === "index-url")
    .map(
      (option) =>
        `${file} sets index-url in [${option.section}] as well (line ${option.from + 1}), which pip prefers there: delete that line.`,
    );
}

type Options = Map<string, string>;

function all({ options }: IniFile): Options {
  return new Map(options.map((option: IniOption) => [`${option.section}\n${option.name}`, option.value]));
}

function isOneOf(option: IniOption, names: readonly string[]): boolean {
  return option.section === section && names.includes(normalize(option.name));
}

/** Everything that an edit must leave unchanged. */
function without({ options }: IniFile, names: readonly string[]): Options {
  return all({ sections: new Map(), options: options.filter((option) => !isOneOf(option, names)) });
}

function sameOptions(a: Options, b: Options): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function read(text: string, file: string): IniFile {
  if (text.startsWith("\ufeff")) {
    throw new VouchError("edit_conflict", `pip cannot read ${file}: it begins with a byte order mark.`, {
      hint: "Save the file as UTF-8 without BOM, then run the command again.",
    });
  }
  try {
    return readIni(splitLines(text));
  } catch (error) {
    throw new VouchError("edit_conflict", `pip cannot read ${file}: ${(error as Error).message}.`, {
      hint: "Correct the file, then run the command again.",
      cause: error,
    });
  }
}

function tryRead(text: string): IniFile {
  try {
    return readIni(splitLines(text));
  } catch {
    return { sections: new Map(), options: [] };
  }
}
