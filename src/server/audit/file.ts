/** The file of the audit log's lines: only a regular file of this user's, and no other file of the server's. */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { fullPath } from "../../base/system/full-path.ts";
import { whyUnreadable } from "../../base/system/regular-file.ts";

/** Without waiting for the reader of a named pipe, and without following a link. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens the file for appending and sets its mode to 0600. `others`: paths that it must not be, as of the database. Returns
 * the descriptor. Throws `file_error`.
 */
export function openAuditFile(path: string, others: readonly string[]): number {
  let descriptor: number | undefined;
  try {
    refuseOthers(path, others);
    descriptor = openSync(path, flags, 0o600);
    const stats = fstatSync(descriptor);
    refuseForeign(path, stats, others);
    if ((stats.mode & 0o777) !== 0o600) fchmodSync(descriptor, 0o600);
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw refused(path, error);
  }
}

/** Looks whether `openAuditFile` would open it, and changes nothing. Throws `file_error`. */
export function checkAuditFile(path: string, others: readonly string[]): void {
  try {
    refuseOthers(path, others);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      const folder = dirname(fullPath(path));
      if (!statSync(folder).isDirectory()) throw new Error(noFolder);
      accessSync(folder, constants.W_OK | constants.X_OK);
      return;
    }
    refuseForeign(path, stats, others);
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw refused(path, error);
  }
}

/** By its name, so that a database that is yet to be made is not made from the lines. */
function refuseOthers(path: string, others: readonly string[]): void {
  if (others.some((other) => placeOf(other) === placeOf(path))) throw new Error(isOther);
}

function refuseForeign(path: string, stats: Stats, others: readonly string[]): void {
  if (stats.isSymbolicLink()) throw new Error(isLink);
  if (!stats.isFile()) throw new Error(stats.isDirectory() ? "it is a folder" : notRegular);
  // Root looks on behalf of the server's user, whose folder it is.
  const owners = process.geteuid?.() === 0 ? [0, statSync(dirname(fullPath(path))).uid] : [process.geteuid?.()];
  if (!owners.includes(stats.uid)) throw new Error(`it belongs to another user (uid ${stats.uid})`);
  const isSame = others.some((other) => {
    const found = statSync(other, { throwIfNoEntry: false });
    return found?.dev === stats.dev && found.ino === stats.ino;
  });
  if (isSame) throw new Error(isOther);
}

const isOther = "it is another file of the server's";
const notRegular = "it is not a regular file";
const noFolder = "its folder does not exist";
const isLink = "it is a link, which is not followed";

/** The path without links in its folders. */
function placeOf(path: string): string {
  const full = fullPath(path);
  try {
    return join(realpathSync(dirname(full)), basename(full));
  } catch {
    return full;
  }
}

function refused(path: string, error: unknown): VouchError {
  if (error instanceof VouchError) return error;
  const { code } = error as NodeJS.ErrnoException;
  // open(2): ELOOP is O_NOFOLLOW's, ENXIO a pipe without a reader or a socket.
  const reasons: Record<string, string> = { ELOOP: isLink, ENXIO: notRegular, ENOENT: noFolder, ENOTDIR: noFolder };
  const why = reasons[code ?? ""] ?? whyUnreadable(error);
  return new VouchError("file_error", `The audit log ${path} cannot be written: ${why}.`, {
    hint: "Name a file of its own with --audit-log, in a folder that exists and that this user may write; or - for stdout.",
    cause: error,
  });
}
