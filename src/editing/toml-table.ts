/** Edits of a TOML document: strings in one table, as a marked block. */
import { type Edit, insertBlocks, splitLines } from "./block.ts";
import { removeCheckedBlocks } from "./checked-removal.ts";
import { notEditable, undoCommand } from "./edited.ts";
import { type TomlStatement, tomlStatements } from "./toml-statements.ts";
import { parseToml, parseUserToml } from "./toml-values.ts";

/** Strings in the table at `path`. */
export interface TomlStrings {
  path: string[];
  values: Record<string, string>;
}

/** How our own lines are recognized. */
export interface OwnTomlLines {
  file: string;
  /** The path of a table that our blocks may contain; a name of the user's choice at its end counts, too. */
  path: string[];
  /** The values that our blocks may contain, by key. */
  values: Record<string, string[]>;
  onKept?: ((line: string) => void) | undefined;
}

type Table = Record<string, unknown>;

/**
 * Sets the strings. `text` is undefined if there is no file; `own` recognizes the lines of an earlier block. Throws
 * `edit_conflict`, with the lines to write by hand, if the file cannot be edited so that only these keys change.
 */
export function setTomlStrings(text: string | undefined, id: string, table: TomlStrings, own: OwnTomlLines): string {
  const { file } = own;
  const before = text === undefined ? undefined : unsetTomlStrings(text, id, own);
  const wanted = parseUserToml(before ?? "", file);
  const edited = insertBlocks(before, id, editsFor(before ?? "", table), { file, undo: undoCommand(id) });
  const target = tableAt(wanted, table.path);
  if (target !== undefined) Object.assign(target, table.values);
  if (target !== undefined && Bun.deepEquals(parseToml(edited), wanted, true)) return edited;
  throw notEditable(file, `Write it by hand in the form that the file uses:\n${linesOf(table).join("\n")}`);
}

/**
 * Removes the lines with that id and restores what they replaced. `onKept` receives the user's lines in the block. Returns
 * undefined if the file is to be deleted. Throws `edit_conflict`.
 */
export function unsetTomlStrings(text: string, id: string, own: OwnTomlLines): string | undefined {
  const { file, path, onKept } = own;
  return removeCheckedBlocks(text, id, {
    file,
    isOwn: (line) => isOwnLine(line, own),
    keyOf: (line) => /^([\w."'-]+)\s*=/.exec(line)?.[1]?.replace(/^.*\./, ""),
    onKept,
    keep: (line) => line.startsWith("["),
    othersIn: (left) => withoutKeys(left, path, Object.keys(own.values)),
  });
}

/** A key as TOML writes it: bare where that is possible. */
function key(part: string): string {
  return /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
}

function linesOf({ path, values }: TomlStrings): string[] {
  const lines = Object.entries(values).map(([name, value]) => `${key(name)} = ${JSON.stringify(value)}`);
  return [`[${path.map(key).join(".")}]`, ...lines];
}

/** In place of existing keys; else below the table's header; else in a new table at the end. */
function editsFor(text: string, table: TomlStrings): Edit[] {
  const statements = tomlStatements(text.replace(/^\ufeff/, ""));
  const names = Object.keys(table.values);
  const found = names.map((name) => statements.find((statement) => isAt(statement, [...table.path, name])));
  const line = (prefix: string[], name: string): string =>
    `${[...prefix, name].map(key).join(".")} = ${JSON.stringify(table.values[name])}`;
  const first = found.find((statement) => statement !== undefined);
  if (first !== undefined) {
    const prefix = first.key.slice(0, -1);
    const missing = names.filter((_, place) => found[place] === undefined).map((name) => line(prefix, name));
    const edits = found.flatMap((statement, place): Edit[] => {
      if (statement === undefined) return [];
      const own = [line(statement.key.slice(0, -1), names[place]!)];
      return [{ from: statement.from, to: statement.to, lines: statement === first ? [...own, ...missing] : own }];
    });
    return joined(edits);
  }
  const header = statements.find(({ kind, table: at }) => kind === "table" && Bun.deepEquals(at, table.path));
  if (header !== undefined) {
    return [{ from: header.to, to: header.to, lines: names.map((name) => line([], name)) }];
  }
  const end = splitLines(text).length;
  return [{ from: end, to: end, lines: linesOf(table) }];
}

function isAt({ kind, table, key: own }: TomlStatement, path: string[]): boolean {
  return kind === "key/value" && Bun.deepEquals([...table, ...own], path);
}

/** The edits in file order, adjacent ones merged. */
function joined(edits: Edit[]): Edit[] {
  const merged: Edit[] = [];
  for (const edit of edits.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last?.to === edit.from)
      merged[merged.length - 1] = { ...last, to: edit.to, lines: [...last.lines, ...edit.lines] };
    else merged.push(edit);
  }
  return merged;
}

function isOwnLine(line: string, { path, values }: OwnTomlLines): boolean {
  const [header] = /^\[[^[].*\]$/.test(line) && parseToml(line) !== undefined ? tomlStatements(line) : [];
  if (header !== undefined) return Bun.deepEquals(header.table.slice(0, -1), path.slice(0, -1));
  const [statement] = parseToml(line) === undefined ? [] : tomlStatements(line);
  const name = statement?.key.at(-1);
  if (name === undefined) return false;
  const value = statement!.key.reduce<unknown>((at, part) => (at as Table)?.[part], parseToml(line));
  return typeof value === "string" && (Object.hasOwn(values, name) ? values[name]!.includes(value) : false);
}

/** The table at the path, made where it is missing; undefined if something else is there. */
function tableAt(document: Table, path: string[]): Table | undefined {
  let at = document;
  for (const part of path) {
    const next = (at[part] ??= {});
    if (typeof next !== "object" || next === null || Array.isArray(next)) return undefined;
    at = next as Table;
  }
  return at;
}

/** Everything that a removal must not change: all but the keys, in any table beside that of `path`. */
function withoutKeys(text: string, path: string[], keys: string[]): Table | undefined {
  const rest = parseToml(text);
  if (rest === undefined) return undefined;
  prune(rest, path.slice(0, -1), keys);
  return rest;
}

function prune(table: Table, [part, ...deeper]: string[], keys: string[]): void {
  const names = part === undefined ? Object.keys(table) : [part];
  for (const name of names) {
    const next = table[name];
    if (typeof next !== "object" || next === null || Array.isArray(next)) continue;
    if (part === undefined) for (const each of keys) delete (next as Table)[each];
    else prune(next as Table, deeper, keys);
    if (Object.keys(next).length === 0) delete table[name];
  }
}
