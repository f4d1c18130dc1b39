/**
 * Edits Cargo's configuration: one registry with Vouch as its credential provider.
 * https://doc.rust-lang.org/cargo/reference/config.html
 */
import { basename } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { type Edit, insertBlocks } from "../../editing/block.ts";
import { removeCheckedBlocks } from "../../editing/checked-removal.ts";
import { type Edited, notEditable, undoCommand } from "../../editing/edited.ts";
import { type TomlStatement, tomlStatements } from "../../editing/toml-statements.ts";
import { parseToml, parseUserToml } from "../../editing/toml-values.ts";
import { tableOf } from "../small-files.ts";

export interface CargoRegistry {
  /** The name in `registries.NAME`. */
  name: string;
  /** `sparse+https://…/` */
  index: string;
  /** The absolute path of vouch; absent in a project's file, which names nobody's. */
  credentialProvider?: string;
}

/** How our own lines are recognized. */
interface OwnLines {
  file: string;
  indexes: string[];
  /** Paths of vouch under other names. */
  executables: string[];
  onKept?: (line: string) => void;
}

type Table = Record<string, unknown>;

/** Checks a registry's name against Cargo's rules, restricted to ASCII letters. Throws `usage`. */
export function checkRegistryName(name: string): void {
  if (name !== "" && registryNameFrom(name) === name) return;
  const why =
    name === "crates-io" ? "that is crates.io's own name" : "Cargo takes letters, digits, - and _, no digit first";
  throw new VouchError("usage", `"${name}" cannot be the name of a Cargo registry: ${why}.`, {
    hint: `Give another name: --registry-name ${registryNameFrom(name) || "NAME"}`,
  });
}

/** The closest name that Cargo accepts: `my-repo` for `my.repo`. */
export function registryNameFrom(name: string): string {
  if (name === "crates-io") return "private-crates-io";
  return name.replace(/[^A-Za-z0-9_-]/g, "-").replace(/^([0-9-])/, "r$1");
}

/**
 * Sets `registries.NAME.index` and `.credential-provider`. `text` is undefined if there is no file; `file` is its path
 * for messages; `formerly` are indexes that an earlier block of ours may contain. Throws `edit_conflict`, with the
 * lines to write by hand, if the file cannot be edited so that only these two keys change.
 */
export function setCargoRegistry(
  text: string | undefined,
  id: string,
  registry: CargoRegistry,
  file: string,
  formerly: string[] = [],
): Edited {
  const own = { file, indexes: [registry.index, ...formerly], executables: [registry.credentialProvider ?? []].flat() };
  const before = text === undefined ? undefined : unsetCargoRegistry(text, id, own);
  const wanted = parseUserToml(before ?? "", file);
  checkConflicts(wanted, registry, file);
  const edited = insertBlocks(before, id, editsFor(before ?? "", registry), {
    file,
    undo: undoCommand(id),
  });
  const table = registryTable(wanted, registry.name);
  table["index"] = registry.index;
  if (registry.credentialProvider !== undefined) {
    table["credential-provider"] = providerValue(registry.credentialProvider);
  }
  if (!Bun.deepEquals(parseToml(edited), wanted, true)) throw byHand(registry, file);
  const warnings =
    table["token"] === undefined
      ? []
      : [`${file} holds a token for the registry ${registry.name}. Cargo no longer uses it: delete that line.`];
  return { text: edited, warnings };
}

/**
 * Removes the registry with that id: lines that name one of the indexes, or a vouch as provider. `onKept` receives the
 * user's lines in the block. Returns undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetCargoRegistry(
  text: string,
  id: string,
  { file, indexes, executables, onKept }: OwnLines,
): string | undefined {
  const isOwn = (line: string): boolean => {
    if (/^\[registries\.[\w-]+\]$/.test(line)) return true;
    const [, name, value] = /^(?:[\w."-]+\.)?(index|credential-provider) = (.*)$/.exec(line) ?? [];
    if (name === undefined) return false;
    const parsed = parseToml(`value = ${value}`)?.["value"];
    if (name === "index") return typeof parsed === "string" && indexes.includes(parsed);
    const words = [parsed].flat();
    const program = words[0];
    return (
      words.length === 1 &&
      typeof program === "string" &&
      (basename(program) === "vouch" || executables.includes(program))
    );
  };
  const keyOf = (line: string): string | undefined => /^([\w."'-]+)\s*=/.exec(line)?.[1]?.replace(/^.*\./, "");
  return removeCheckedBlocks(text, id, {
    file,
    isOwn,
    keyOf,
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: otherSettings,
  });
}

/**
 * A string if the path contains no white space, at which Cargo splits it: a project's own value is usually a string (as
 * AWS documents it), and Cargo refuses a string in one file and an array in another.
 */
function providerValue(path: string): string | string[] {
  return /\s/.test(path) ? [path] : path;
}

/** The position of each key: its current one, else the registry's own table, else a new table at the end. */
function editsFor(text: string, { name, index, credentialProvider }: CargoRegistry): Edit[] {
  const statements = tomlStatements(text.replace(/^\ufeff/, ""));
  const provider = credentialProvider === undefined ? undefined : JSON.stringify(providerValue(credentialProvider));
  const values = { index: JSON.stringify(index), ...(provider ? { "credential-provider": provider } : {}) };
  const keys = Object.keys(values) as (keyof typeof values)[];
  const line = (prefix: string[], key: keyof typeof values): string => `${[...prefix, key].join(".")} = ${values[key]}`;
  const isRegistry = (path: string[]): boolean => path.length === 2 && path[0] === "registries" && path[1] === name;
  const inline = statements.find(({ table, key }) => key.length > 0 && isRegistry([...table, ...key]));
  const found = keys.map((key) => statements.find((statement) => isKey(statement, ["registries", name, key])));
  const first = found.find((statement) => statement !== undefined);
  const header = statements.find(({ kind, table }) => kind === "table" && isRegistry(table));

  if (first === undefined && header !== undefined) {
    return [{ from: header.to, to: header.to, lines: keys.map((key) => line([], key)) }];
  }
  const end = text.replace(/^\ufeff/, "").match(/[^\n]*\n|[^\n]+$/g)?.length ?? 0;
  if (first === undefined) {
    const table = [`[registries.${name}]`, ...keys.map((key) => line([], key))];
    const append = { from: end, to: end, lines: table };
    return inline ? [{ from: inline.from, to: inline.to, lines: [] }, append] : [append];
  }
  const edits = keys.map((key, place): Edit => {
    const statement = found[place] ?? first;
    const lines = [line(statement.key.slice(0, -1), key)];
    return found[place]
      ? { from: statement.from, to: statement.to, lines }
      : { from: statement.to, to: statement.to, lines };
  });
  return joinNeighbours(edits);
}

function isKey({ kind, table, key }: TomlStatement, path: string[]): boolean {
  const full = [...table, ...key];
  return kind === "key/value" && full.length === path.length && full.every((part, index) => part === path[index]);
}

/** The edits in file order, adjacent ones merged. */
function joinNeighbours(edits: Edit[]): Edit[] {
  const [first, second] = edits.toSorted((a, b) => a.from - b.from || a.to - b.to);
  if (!first || !second || first.to !== second.from) return edits.toSorted((a, b) => a.from - b.from);
  return [{ from: first.from, to: second.to, lines: [...first.lines, ...second.lines] }];
}

function checkConflicts(config: Table, { name, index }: CargoRegistry, file: string): void {
  const registries = tableOf(config["registries"]);
  for (const [other, value] of Object.entries(registries)) {
    const otherIndex = tableOf(value)["index"];
    if (other === name && otherIndex !== undefined && otherIndex !== index) {
      throw new VouchError("edit_conflict", `${file} already has a registry ${name}, with another index.`, {
        hint: "Choose another name with --registry-name NAME, or delete that registry from the file.",
      });
    }
    if (other !== name && otherIndex === index) {
      throw new VouchError(
        "edit_conflict",
        `${file} already has this index under the name ${other}; Cargo takes each index only once.`,
        { hint: `Use that name: --registry-name ${other}` },
      );
    }
  }
}

function registryTable(config: Table, name: string): Table {
  const registries = tableOf((config["registries"] ??= {}));
  return tableOf((registries[name] ??= {}));
}

/**
 * Everything that a removal must not change: all but the two keys of any registry. Undefined if the text is not TOML.
 */
function otherSettings(text: string): Table | undefined {
  const rest = parseToml(text);
  if (rest === undefined) return undefined;
  const registries = tableOf(rest["registries"]);
  for (const [name, value] of Object.entries(registries)) {
    const table = tableOf(value);
    delete table["index"];
    delete table["credential-provider"];
    if (Object.keys(table).length === 0) delete registries[name];
  }
  if (Object.keys(registries).length === 0) delete rest["registries"];
  return rest;
}

function byHand({ name, index, credentialProvider }: CargoRegistry, file: string): VouchError {
  const provider =
    credentialProvider === undefined
      ? ""
      : `\ncredential-provider = ${JSON.stringify(providerValue(credentialProvider))}`;
  return notEditable(
    file,
    "Write it by hand in the form that the file uses, and set up the other tools by --tool:\n" +
      `[registries.${name}]\nindex = "${index}"${provider}`,
  );
}
