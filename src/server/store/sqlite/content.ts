/** What is in a file that is named as the database: found out before anything is changed, its mode included. */
import { closeSync, constants as flags, openSync, readSync, type Stats, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { constants, Database } from "bun:sqlite";
import { VouchError } from "../../../base/errors.ts";
import { columnsOf } from "../schema.ts";

/** The first bytes of a database (sqlite.org/fileformat2.html, 1.3). */
export const magic = "SQLite format 3\0";

/** `own`: of Vouch, of any version. `other`: of another program. `none`: no database. */
type Content = "missing" | "empty" | "own" | "other" | "none";

/** Opens the file for reading; nothing is made beside it, unless a log is there. Throws SQLite's errors. */
export function openToRead(path: string, hasLog = hasLogBeside(path)): Database {
  // Without a log nobody has the file open: SQLite would make one, and leave it.
  const uri = `${pathToFileURL(path).href}?${hasLog ? "mode=ro" : "immutable=1"}`;
  return new Database(uri, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
}

function hasLogBeside(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Throws the system's and SQLite's errors. */
function contentOf(path: string): Content {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "missing";
  if (stats.size === 0) return "empty";
  if (!hasMagic(path)) return "none";
  const hasLog = hasLogBeside(path);
  // At first without the log, to make no file beside another program's.
  const found = hasLog ? tablesOrNothing(path) : tablesIn(path, false);
  return found === "empty" && hasLog ? tablesIn(path, true) : found;
}

function tablesOrNothing(path: string): Content {
  try {
    return tablesIn(path, false);
  } catch {
    // Somebody writes to it.
    return "empty";
  }
}

/** A first start that was broken off has left no table but that of the versions, or none. */
function tablesIn(path: string, hasLog: boolean): Content {
  using database = openToRead(path, hasLog);
  const names = database.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (names.length === 0) return "empty";
  const columns = database.query<{ name: string }, []>("SELECT name FROM pragma_table_info('schema_versions')").all();
  const present = new Set(columns.map(({ name }) => name));
  const isVersioned = columnsOf(0)
    .get("schema_versions")!
    .every((column) => present.has(column));
  return isVersioned && (names.length === 1 || names.some(({ name }) => name === "users" || name === "configuration"))
    ? "own"
    : "other";
}

function hasMagic(path: string): boolean {
  const descriptor = openSync(path, flags.O_RDONLY | flags.O_NONBLOCK);
  try {
    const header = Buffer.alloc(magic.length);
    readSync(descriptor, header);
    return header.toString("latin1") === magic;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Throws `file_error` for a file that is no database or another program's, and `settings_missing` for one that is missing or
 * empty where none is to be made; and the system's and SQLite's errors.
 */
export function requireOwn(path: string, mayMake: boolean): void {
  const content = contentOf(path);
  if (content === "none") {
    throw new VouchError("file_error", `The database ${path} cannot be opened: it is damaged, or no database.`, {
      hint: "Name the file of the server: --database sqlite:PATH, or VOUCH_DATABASE. A damaged one is replaced by a backup: `vouch server restore`.",
    });
  }
  if (content === "other") throw otherProgram(path);
  if (content === "own" || mayMake) return;
  throw new VouchError(
    "settings_missing",
    `There is no database ${path}${content === "empty" ? ": it is empty" : ""}.`,
    {
      hint: `Run \`vouch server init --url https://YOUR-HOST --database sqlite:${path}\` first.`,
    },
  );
}

/** Throws `file_error` for another program's database; and the system's and SQLite's errors. */
export function refuseOtherProgram(path: string): void {
  if (contentOf(path) === "other") throw otherProgram(path);
}

/**
 * Throws `file_error` for what a restore must not replace: another program's database, and what is no database and others
 * may read, as no database of Vouch's, however damaged.
 */
export function requireReplaceable(path: string): void {
  let content: Content;
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
    content = contentOf(path);
  } catch {
    // A database that SQLite does not open: damaged.
    return;
  }
  if (content === "other") throw otherProgram(path);
  if (content !== "none" || ((stats?.mode ?? 0) & 0o077) === 0) return;
  throw new VouchError("file_error", `${path} is no database, and others may read it, so it never was one of Vouch.`, {
    hint: "Nothing was changed. Name the right file with --database, or move that one away first.",
  });
}

function otherProgram(path: string): VouchError {
  return new VouchError("file_error", `${path} is the database of another program.`, {
    hint: "Nothing was changed. Name the file of the server: --database sqlite:PATH, or VOUCH_DATABASE.",
  });
}
