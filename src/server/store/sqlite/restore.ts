/** Puts a backup in the place of the database. */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { VouchError } from "../../../base/errors.ts";
import { whyUnreadable } from "../../../base/system/regular-file.ts";
import { removeAbandoned, temporaryName } from "../../../base/system/temporary.ts";
import { databaseFailure } from "../failure.ts";
import { requireAlone } from "./alone.ts";
import { checkCopy } from "./backup.ts";
import { magic, requireReplaceable } from "./content.ts";
import { requireRegular, suffixes } from "./files.ts";
import { makeFolder } from "./folder.ts";

/**
 * Checks the backup `file` and changes nothing: its integrity, its foreign keys, that it has a signing key. Returns the
 * number of rows of each table. Throws `file_error`, also if it is a database's own file, which may lack what is in
 * its log.
 */
export function checkBackup(file: string): Record<string, number> {
  const header = headerOf(file);
  if (!header.toString("latin1").startsWith(magic)) {
    throw new VouchError("file_error", `${file} is no SQLite database.`, {
      hint: "Give the file that `vouch server backup FILE` made.",
    });
  }
  if (hasWriteAheadLog(header)) {
    throw new VouchError(
      "file_error",
      `${file} is no backup: it is the file of a database, which may have more in its log.`,
      {
        hint: `Make a backup of it first: \`vouch server backup FILE --database sqlite:${file}\`.`,
      },
    );
  }
  try {
    return checkCopy(file);
  } catch (error) {
    if (!(error instanceof VouchError) && databaseFailure(error) === undefined) throw error;
    throw new VouchError("file_error", `The backup ${file} is not whole.`, {
      hint: "Nothing was changed. Take another backup.",
      cause: error,
    });
  }
}

/** Offset of the header's write version: 2 for a database with a write-ahead log (sqlite.org/fileformat2.html, 1.3). */
const writeVersionOffset = 18;

/** Reads the beginning of a regular file. Throws `file_error`. */
function headerOf(file: string): Buffer {
  const header = Buffer.alloc(writeVersionOffset + 1);
  try {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) throw new Error("it is not a regular file");
      readSync(descriptor, header);
      return header;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new VouchError("file_error", `There is no backup ${file}.`, {
        hint: "Give the file that `vouch server backup FILE` made.",
      });
    }
    throw new VouchError("file_error", `The backup ${file} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Give the file that `vouch server backup FILE` made.",
      cause: error,
    });
  }
}

/** A backup has none: SQLite makes it without, whatever the source has. */
function hasWriteAheadLog(header: Buffer): boolean {
  return header[writeVersionOffset] === 2;
}

/**
 * Puts a copy of the backup `file`, which `prepare` may change, in the place of the database `path`, with mode 0600; for
 * root, with the owner of what is replaced, or of the folder. The database that was there is renamed, with its log, to
 * the returned name, with mode 0600; undefined if there was none. Throws `edit_conflict` (a process has the database open), `file_error`,
 * and as `prepare`: then nothing is changed.
 */
export async function putInPlace(
  file: string,
  path: string,
  { now, prepare }: { now: number; prepare: (copy: string) => Promise<void> },
): Promise<string | undefined> {
  requireRegular(path);
  requireReplaceable(path);
  let folder: string | undefined;
  try {
    const beside = dirname(path);
    makeFolder(beside);
    const there = statSync(path, { throwIfNoEntry: false });
    // Remove the plaintext copies of killed runs.
    removeAbandoned(beside, basename(path));
    const made = join(beside, temporaryName(basename(path)));
    mkdirSync(made, { mode: 0o700 });
    folder = made;
    const copy = join(folder, "copy.db");
    copyFileSync(file, copy, constants.COPYFILE_EXCL);
    chmodSync(copy, 0o600);
    checkCopy(copy);
    await prepare(copy);
    // SQLite removes the log when the last connection is closed.
    if (exists(`${copy}-wal`)) throw new Error("its write-ahead log is still in use");
    const { uid, gid } = there ?? statSync(beside);
    syncFile(copy, process.geteuid?.() === 0 ? { uid, gid } : undefined);
    if (there) requireAlone(path);
    const replaced = moveAside(path, now);
    linkSync(copy, path);
    syncFile(realpathSync(beside));
    return replaced;
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const reason = databaseFailure(error) ?? (error as Error).message;
    throw new VouchError("file_error", `The backup ${file} cannot be put in the place of ${path}: ${reason}.`, {
      hint: "Check the folder, its permissions and the space on the disk.",
      cause: error,
    });
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Renames the database with its log: the log of one database beside another damages that. Itself first, so that without
 * the rest no server starts on a database that lacks what its log has.
 */
function moveAside(path: string, now: number): string | undefined {
  const found = suffixes.filter((suffix) => exists(path + suffix));
  if (found.length === 0) return undefined;
  const time = new Date(now * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const aside = `${path}.replaced-${time}`;
  if (suffixes.some((suffix) => exists(aside + suffix))) {
    throw new VouchError("edit_conflict", `${aside} exists.`, { hint: "Run the command again." });
  }
  // Before anything is moved: another user's file fails here.
  for (const suffix of found) chmodSync(path + suffix, 0o600);
  for (const suffix of found) renameSync(path + suffix, aside + suffix);
  return aside;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Syncs a file or folder; gives it to the owner first. */
function syncFile(path: string, owner?: { uid: number; gid: number }): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (owner) fchownSync(descriptor, owner.uid, owner.gid);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
