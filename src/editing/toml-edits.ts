/** Edits that set keys and add tables in a TOML document, by line, so that every other byte stays. */
import { type Edit, splitLines } from "./block.ts";
import { type TomlStatement, tomlStatements } from "./toml-statements.ts";

/** The statements of a document that may begin with a byte order mark. */
export function statementsOf(text: string): TomlStatement[] {
  return tomlStatements(text.replace(/^\ufeff/, ""));
}

/**
 * Sets a key to a value, both as TOML text: where it stands, else in its table, else in a new table at the end. The
 * result may be invalid, or mean something else, where the table is written inline: callers compare the parsed result
 * with what they want.
 */
export function setKey(text: string, path: string[], value: string): Edit {
  const statements = statementsOf(text);
  const table = path.slice(0, -1);
  const last = keyText(path.at(-1)!);
  const current = statements.find((each) => each.kind === "key/value" && isSame([...each.table, ...each.key], path));
  if (current !== undefined) {
    return { from: current.from, to: current.to, lines: [`${current.key.map(keyText).join(".")} = ${value}`] };
  }
  if (table.length === 0) {
    const at = endOfRoot(text, statements);
    return { from: at, to: at, lines: [`${last} = ${value}`] };
  }
  const header = statements.find((each) => each.kind === "table" && isSame(each.table, table));
  if (header !== undefined) return { from: header.to, to: header.to, lines: [`${last} = ${value}`] };
  // A table that dotted keys define takes no header.
  const dotted = statements.findLast(
    (each) =>
      each.kind === "key/value" && each.table.length < table.length && isBelow([...each.table, ...each.key], table),
  );
  if (dotted !== undefined) {
    const key = path.slice(dotted.table.length).map(keyText).join(".");
    return { from: dotted.to, to: dotted.to, lines: [`${key} = ${value}`] };
  }
  const end = splitLines(text).length;
  return { from: end, to: end, lines: [`[${table.map(keyText).join(".")}]`, `${last} = ${value}`] };
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
