/** The files of a SQLite database: their names, and what may be at its path. */
import { readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { VouchError } from "../../../base/errors.ts";

/** What SQLite appends to a database's path: nothing, and for its files beside it (sqlite.org/tempfiles.html, 2). */
export const suffixes = ["", "-wal", "-shm", "-journal"] as const;

/**
 * Follows the links at an absolute path, also to a file that is yet to be made: SQLite has its other files beside the
 * file itself, not beside a link to it.
 */
export function followed(path: string): string {
  for (let links = 0, at = path; links < maxLinks; links++) {
    const to = linkAt(at);
    if (to === undefined) return at;
    at = resolve(realFolder(at), to);
  }
  return path;
}

/** Links after which Linux gives up, too. */
const maxLinks = 40;

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or nothing that can be seen.
    return undefined;
  }
}

function realFolder(path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch {
    return dirname(path);
  }
}

/** Whether a path is that of a database, or free. Throws `file_error` where something else is there (a folder, a pipe). */
export function requireRegular(path: string): void {
  let found: Stats;
  try {
    found = statSync(path);
  } catch {
    // Nothing, or nothing that this user may see, which opening it then says.
    return;
  }
  if (found.isFile()) return;
  throw new VouchError(
    "file_error",
    `The database ${path} is ${found.isDirectory() ? "a folder" : "no regular file"}.`,
    { hint: "Name the file: --database sqlite:PATH, or VOUCH_DATABASE." },
  );
}
