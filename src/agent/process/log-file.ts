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
import { appendFlags, checkPrivateFile, checkPrivateFolder, isOpenToOthers, whyUnwritten } from "./private-file.ts";

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
      this.#failure = whyUnwritten(error);
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

/** Creates the folder, mode 0700, and checks it. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  checkPrivateFolder(folder, lstatSync(folder));
}

function openLog(path: string): number {
  const fd = openSync(path, constants.O_WRONLY | appendFlags, 0o600);
  try {
    const status = fstatSync(fd);
    checkPrivateFile(status);
    if (isOpenToOthers(status)) fchmodSync(fd, 0o600);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
