/**
 * The agent's log file: append only, private, bounded by one rotation. It is opened for each line, so that a deleted,
 * moved or replaced file is noticed and no descriptor is held. An error (full disk, read-only home, another file type
 * in its place) costs one line and nothing more.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

const defaultMaxBytes = 1 << 20;
/** The longest line, in UTF-16 units. */
const maxLine = 4_096;

export class LogFile {
  readonly path: string;
  readonly #maxBytes: number;
  #lost = 0;
  #failure: string | undefined;
  /** Whether the last write ended within a line. */
  #torn = false;

  /** `maxBytes` limits the file and its predecessor, `agent.log.1`, each. */
  constructor(path: string, maxBytes = defaultMaxBytes) {
    this.path = path;
    this.#maxBytes = maxBytes;
  }

  /** Why the last line could not be written, as the end of a sentence; undefined on success. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Appends one line with the time before it. Never throws. */
  write(text: string): void {
    const lost = this.#lost === 0 ? "" : ` (${this.#lost} lines before this one were lost)`;
    const line = `${new Date().toISOString()} ${text.slice(0, maxLine).toWellFormed()}${lost}\n`;
    try {
      this.#append(Buffer.from(this.#torn ? `\n${line}` : line));
      this.#lost = 0;
      this.#failure = undefined;
    } catch (error) {
      this.#lost += 1;
      this.#failure = describe(error);
    }
  }

  #append(bytes: Buffer): void {
    prepareFolder(dirname(this.path));
    let fd = openLog(this.path);
    try {
      const { size } = fstatSync(fd);
      if (size > 0 && size + bytes.length > this.#maxBytes && this.#rotate(fd)) {
        closeSync(fd);
        fd = -1;
        fd = openLog(this.path);
      }
      const written = writeSync(fd, bytes);
      this.#torn = written > 0 && written < bytes.length;
      if (written < bytes.length) throw Object.assign(new Error(), { code: "ENOSPC" });
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }

  /**
   * Renames the file to its predecessor; if that fails (a folder named `agent.log.1`), truncates it. True if it was
   * renamed.
   */
  #rotate(fd: number): boolean {
    try {
      // Replaces a symbolic link there, without following it.
      renameSync(this.path, `${this.path}.1`);
      return true;
    } catch {
      ftruncateSync(fd, 0);
      return false;
    }
  }
}

/** Creates the folder, mode 0700, and checks that no other user can replace its entries. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  if (!status.isDirectory()) throw new Error(`${folder} is a link`);
  if (status.uid !== process.geteuid?.()) throw new Error(`${folder} belongs to another user`);
  if ((status.mode & 0o022) !== 0) throw new Error(`others may write to ${folder}`);
}

/** O_NONBLOCK: opening a named pipe without a reader must not block. */
function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw new Error("it is not a regular file");
    if (status.uid !== process.geteuid?.()) throw new Error("it belongs to another user");
    // A hard link: the other name may be a file that an attacker wants to have appended to.
    if (status.nlink > 1) throw new Error("it has a second name (a hard link)");
    if ((status.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
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
  ENOTDIR: "a part of its path is not a folder",
  EEXIST: "a part of its path is not a folder",
};

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : (reasons[code] ?? code);
}
