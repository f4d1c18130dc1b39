/** Edits that set keys and add tables in a TOML document, by line, so that every other byte stays. */
import { type Edit, splitLines } from "./block.ts";
import { type TomlStatement, tomlStatements } from "./toml-statements.ts";

/** The statements of a document that may begin with a byte order mark. */
export function statementsOf(text: string): TomlStatement[] {
  return tomlStatements(text.replace(/^\ufeff/, ""));
}

/**
 * Sets keys to values, both as TOML text. A key is set where it is, else below the header of its table, else behind the
 * dotted keys that define its table, else in a new table at the end. Returns the edits in file order, those of one table
 * that touch as one. The result may be invalid, or mean something else, where a table is written inline: callers compare
 * its values with what they want (`insertCheckedBlocks`).
 */
export function setKeys(text: string, keys: [path: string[], value: string][]): Edit[] {
  const statements = statementsOf(text);
  const placed = keys.map(([path, value]): Placed => {
    const table = path.slice(0, -1);
    const line = (prefix: string[]): string => `${[...prefix, path.at(-1)!].map(keyText).join(".")} = ${value}`;
    const current = statements.find((each) => each.kind === "key/value" && isSame([...each.table, ...each.key], path));
    if (current !== undefined) {
      return { table, from: current.from, to: current.to, header: [], line: line(current.key.slice(0, -1)) };
    }
    const { at, prefix, header } = placeFor(text, statements, table);
    return { table, from: at, to: at, header, line: line(prefix) };
  });
  const edits: (Edit & { table: string[] })[] = [];
  for (const { table, from, to, header, line } of placed.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = edits.at(-1);
    if (last?.to !== from || !isSame(last.table, table)) edits.push({ table, from, to, lines: [...header, line] });
    else Object.assign(last, { to, lines: [...last.lines, line] });
  }
  return edits.map(({ from, to, lines }) => ({ from, to, lines }));
}

/** A key's line in place of the lines from `from` up to, not including, `to`, below `header` if the table is new. */
interface Placed {
  table: string[];
  from: number;
  to: number;
  header: string[];
  line: string;
}

/** Where a table takes a new key, and what the key begins with there. */
function placeFor(
  text: string,
  statements: TomlStatement[],
  table: string[],
): { at: number; prefix: string[]; header: string[] } {
  if (table.length === 0) return { at: endOfRoot(text, statements), prefix: [], header: [] };
  const header = statements.find((each) => each.kind === "table" && isSame(each.table, table));
  if (header !== undefined) return { at: header.to, prefix: [], header: [] };
  // A table that dotted keys define takes no header.
  const dotted = statements.findLast(
    ({ kind, table: at, key }) =>
      kind === "key/value" &&
      at.length < table.length &&
      at.length + key.length > table.length &&
      isBelow([...at, ...key], table),
  );
  if (dotted !== undefined) return { at: dotted.to, prefix: table.slice(dotted.table.length), header: [] };
  return { at: splitLines(text).length, prefix: [], header: [`[${table.map(keyText).join(".")}]`] };
}

/** Whether a line, as `setKeys` writes it, sets a key of that name to one of the strings. */
export function setsString(line: string, key: string, values: string[]): boolean {
  const value = /^(?:[\w.-]+\.)?([\w-]+) = (".*")$/.exec(line);
  return value?.[1] === key && values.some((each) => JSON.stringify(each) === value[2]);
}

/** A line before the statement's, in front of the block of ours that the statement is in. */
export function lineBefore(text: string, statement: TomlStatement): number {
  const lines = splitLines(text);
  for (let at = statement.from - 1; at >= 0 && lines[at]!.startsWith("#"); at--) {
    if (lines[at]!.startsWith("# <<< vouch")) break;
    if (lines[at]!.startsWith("# >>> vouch ")) return at;
  }
  return statement.from;
}

/** A key as TOML text: bare where it can be, else quoted. */
export function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** Behind the last key of the root table, before the first header. */
function endOfRoot(text: string, statements: TomlStatement[]): number {
  const first = statements.findIndex(({ kind }) => kind !== "key/value");
  const last = (first < 0 ? statements : statements.slice(0, first)).at(-1);
  if (last !== undefined) return last.to;
  return first < 0 ? splitLines(text).length : lineBefore(text, statements[first]!);
}

function isSame(path: string[], other: string[]): boolean {
  return path.length === other.length && isBelow(path, other);
}

function isBelow(path: string[], table: string[]): boolean {
  return path.length >= table.length && table.every((part, index) => part === path[index]);
}
