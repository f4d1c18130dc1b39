/**
 * Files of the agent that only the user may read: what is checked before something is appended, and the append for one
 * that must not block. A file is opened each time, so that a deleted, moved or replaced one is noticed.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** O_NONBLOCK: opening a named pipe without a reader must not block. */
export const appendFlags = constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Throws if another user can replace the folder's entries. */
export function checkPrivateFolder(folder: string, status: Stats): void {
  if (!status.isDirectory()) throw new Error(`${folder} is a link`);
  if (status.uid !== process.geteuid?.()) throw new Error(`${folder} belongs to another user`);
  if ((status.mode & 0o022) !== 0) throw new Error(`others may write to ${folder}`);
}

/** Throws if it is not a file of the user with this name alone. */
export function checkPrivateFile(status: Stats): void {
  if (!status.isFile()) throw new Error("it is not a regular file");
  if (status.uid !== process.geteuid?.()) throw new Error("it belongs to another user");
  // A hard link: the other name may be a file that an attacker wants to have appended to.
  if (status.nlink > 1) throw new Error("it has a second name (a hard link)");
}

export function isOpenToOthers({ mode }: Stats): boolean {
  return (mode & 0o077) !== 0;
}

/**
 * Appends whole lines on the runtime's own threads. A file that would exceed `maxBytes` becomes its predecessor, `.1`,
 * first; where that removes another one, the new file begins with `goneLine` of the second (since 1970) that this one
 * ended before. After a line that was cut off, a new one begins. Rejects with an Error whose message says why, as the end
 * of a sentence.
 */
export async function appendPrivately(
  path: string,
  lines: readonly string[],
  maxBytes: number,
  goneLine: (end: number) => string,
): Promise<void> {
  let text = wholeLines(lines);
  let file: FileHandle | undefined;
  try {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    checkPrivateFolder(folder, await lstat(folder));
    file = await openPrivate(path);
    const { size, ino } = await file.stat();
    if (size > 0 && size + text.length > maxBytes) {
      // Another agent of the user may have done it meanwhile.
      if ((await lstat(path)).ino === ino) {
        const gone = endOf(await lstat(`${path}.1`).catch(() => undefined));
        await rename(path, `${path}.1`);
        if (gone !== undefined) text = wholeLines([goneLine(gone), ...lines]);
      }
      await file.close();
      file = undefined;
      file = await openPrivate(path);
    }
    await writeWhole(file, (await isTorn(file)) ? Buffer.concat([Buffer.from("\n"), text]) : text);
  } catch (error) {
    throw new Error(whyUnwritten(error), { cause: error });
  } finally {
    await file?.close();
  }
}

export function wholeLines(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}

/** The second before which everything in the file was written; undefined without a file. */
export function endOf(status: Stats | undefined): number | undefined {
  return status?.isFile() === true ? Math.floor(status.mtimeMs / 1000) + 1 : undefined;
}

/** For reading, too: `isTorn`. */
async function openPrivate(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | appendFlags, 0o600);
  try {
    const status = await file.stat();
    checkPrivateFile(status);
    if (isOpenToOthers(status)) await file.chmod(0o600);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether the last line has no end. */
async function isTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer.toString() !== "\n";
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    if (bytesWritten === 0) throw Object.assign(new Error(), { code: "ENOSPC" });
    offset += bytesWritten;
  }
}

const reasons: Record<string, string> = {
  ELOOP: "it is a symbolic link",
  ENXIO: "it is not a regular file",
  EISDIR: "it is not a regular file",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "a limit on the size of files is reached (`ulimit -f`)",
  EROFS: "the file system is read-only",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  ENAMETOOLONG: "its path is too long",
  ENOTDIR: "a part of its path is not a folder",
  EEXIST: "a part of its path is not a folder",
};

/** Why a file could not be written, as the end of a sentence. */
export function whyUnwritten(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : (reasons[code] ?? `the system refuses it (${code})`);
}
