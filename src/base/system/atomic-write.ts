/** Atomic file writes: readers see the old text or the new one, never a part, and a failure keeps the old one. */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { VouchError } from "../errors.ts";
import { removeAbandoned, temporaryName } from "./temporary.ts";

/** Linux's limit on symlinks in a path (ELOOP). */
const maxLinks = 40;

/**
 * Writes bytes, or text as UTF-8, atomically. A symlink is kept and its target written. An existing file keeps its mode, and its
 * owner if the system allows it; a new file gets `mode` (default 0600), new folders get 0700. On an error the old file
 * is unchanged and no temporary file remains. A killed process leaves a temporary file in the folder, which the next
 * write there removes. Throws `file_error`.
 */
export function writeFileAtomic(path: string, text: string | Uint8Array, options: { mode?: number } = {}): void {
  let temporary: string | undefined;
  try {
    const target = followLinks(path);
    const folder = dirname(target);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeAbandoned(folder, "vouch");
    const old = statSync(target, { throwIfNoEntry: false });
    if (old && !old.isFile()) throw new Error("it is not a regular file");
    // rename would replace even a read-only file.
    if (old) accessSync(target, constants.W_OK);
    // In the same folder, so that rename replaces the file in one step.
    const name = join(folder, temporaryName("vouch"));
    const fd = openSync(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    temporary = name;
    try {
      if (old && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.())) keepOwner(fd, old);
      fchmodSync(fd, old ? old.mode & 0o7777 : (options.mode ?? 0o600));
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
    temporary = undefined;
    syncFolder(folder);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    if (temporary !== undefined) unlinkSync(temporary);
  }
}

/**
 * Throws `file_error` as `writeFileAtomic` would, as far as owner, mode and file system tell: before a step that cannot be
 * taken back when its result is not kept. Nothing is written.
 */
export function checkWritable(path: string): void {
  try {
    const target = followLinks(path);
    if (statSync(target, { throwIfNoEntry: false })) accessSync(target, constants.W_OK);
    let folder = dirname(target);
    while (statSync(folder, { throwIfNoEntry: false }) === undefined) folder = dirname(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Removes temporary files of killed processes in the file's folder. Errors are ignored. */
export function cleanBeside(path: string): void {
  try {
    removeAbandoned(dirname(followLinks(path)), "vouch");
  } catch {
    // A symlink loop, or an unreadable folder.
  }
}

/** Resolves symlinks to the final path, which need not exist. */
function followLinks(path: string): string {
  let target = path;
  for (let links = 0; links < maxLinks; links++) {
    let next: string;
    try {
      next = readlinkSync(target);
    } catch (error) {
      // EINVAL: not a symlink. ENOENT: no such file yet.
      if (["EINVAL", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return target;
      throw error;
    }
    target = resolve(dirname(target), next);
  }
  throw new Error("too many symbolic links");
}

function keepOwner(fd: number, { uid, gid }: { uid: number; gid: number }): void {
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // Ignored: only root may change the owner, and the text matters more.
  }
}

/**
 * Makes the rename durable across a power loss (fsync of the folder). Errors are ignored: some file systems do not
 * support it, and the rename itself has succeeded.
 */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // EINVAL on file systems without it, EACCES on a folder that is writable but not readable.
  }
}

function writeError(path: string, error: unknown): VouchError {
  const { code, message } = error as NodeJS.ErrnoException;
  const [why, hint] = {
    ENOSPC: ["the disk is full", "Make room, then run the command again."],
    EDQUOT: ["your disk quota is used up", "Make room, then run the command again."],
    EROFS: ["its file system is read-only", "Something else manages this file (NixOS, a container): edit it there."],
    EACCES: ["you may not write there", "Check the owner and the mode of the file and its folder."],
    EPERM: ["you may not write there", "Check the owner, the mode and the attributes of the file and its folder."],
    EBUSY: ["something is mounted there", "Something else manages this file (a container): edit it there."],
    ENOTDIR: ["a part of its path is not a folder", undefined],
  }[code ?? ""] ?? [message, undefined];
  return new VouchError("file_error", `${path} cannot be written: ${why}. It is as it was.`, { hint, cause: error });
}
