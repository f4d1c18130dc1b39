/** The values of TOML documents, which may begin with a byte order mark. */
import { VouchError } from "../base/errors.ts";

/** A TOML text as a table; undefined if it is malformed. */
export function parseToml(text: string): Record<string, unknown> | undefined {
  try {
    return parsed(text);
  } catch {
    return undefined;
  }
}

/** The document's values. Throws `edit_conflict` if it is not valid TOML; `file` is its path for the message. */
export function parseUserToml(text: string, file: string): Record<string, unknown> {
  try {
    return parsed(text);
  } catch (error) {
    throw new VouchError("edit_conflict", `${file} is not valid TOML: ${(error as Error).message}.`, {
      hint: "Correct the file, then run the command again.",
      cause: error,
    });
  }
}

const plain = { configurable: true, enumerable: true, writable: true };

/** Sets the value at the path of a document, with the tables on the way; nothing where something else is in the way. */
export function setValue(document: Record<string, unknown>, path: string[], value: unknown): void {
  const [key = "", ...rest] = path;
  // A key may be called as a member of every object: "toString", "__proto__".
  const set = (own: unknown): void => void Object.defineProperty(document, key, { value: own, ...plain });
  if (rest.length === 0) return set(value);
  if (!Object.hasOwn(document, key)) set({});
  const next = document[key];
  if (isTable(next)) setValue(next, rest, value);
}

/**
 * A document without these keys in the tables of the table `parent`, and without tables that are empty then; undefined if
 * it is malformed.
 */
export function withoutKeys(text: string, parent: string, keys: string[]): Record<string, unknown> | undefined {
  const rest = parseToml(text);
  const tables = rest?.[parent];
  if (rest === undefined || !isTable(tables)) return rest;
  for (const [name, table] of Object.entries(tables)) {
    if (!isTable(table)) continue;
    for (const key of keys) delete table[key];
    if (Object.keys(table).length === 0) delete tables[name];
  }
  if (Object.keys(tables).length === 0) delete rest[parent];
  return rest;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): Record<string, unknown> {
  return Bun.TOML.parse(text.replace(/^\ufeff/, "")) as Record<string, unknown>;
}
