/**
 * The agent's log file: append only, private, bounded by one rotation. It is opened for each line, so that a deleted,
 * moved or replaced file is noticed and no descriptor is held. An error (full disk, read-only home, another file type
 * in its place) costs one line and nothing more.
 */
import { count } from "../../base/words/count.ts";
import { closeSync, fstatSync, ftruncateSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { openPrivateNow, prepareFolder } from "./private-append-now.ts";
import { whyUnwritten } from "./private-file.ts";

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
    const lost =
      this.#lost === 0
        ? ""
        : ` (${count(this.#lost, "line")} before this one ${this.#lost === 1 ? "was" : "were"} lost)`;
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
    let fd = openPrivateNow(this.path);
    try {
      const { size } = fstatSync(fd);
      if (size > 0 && size + bytes.length > this.#maxBytes && this.#rotate(fd)) {
        closeSync(fd);
        fd = -1;
        fd = openPrivateNow(this.path);
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
