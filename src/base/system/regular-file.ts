/** Reads files whose paths are untrusted: a named pipe, a device or a huge file must not block the process. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * Reads a regular file of at most `maxBytes`. Throws the system's error (with `code`), or an Error whose message says
 * why the file is not accepted; `whyUnreadable` describes both.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(fd).isFile()) throw new Error("it is not a regular file");
    // Read to the end instead of trusting fstat: sizes in /proc and /sys are 0, and a file may grow meanwhile.
    const chunks: Buffer[] = [];
    for (let size = 0; size <= maxBytes;) {
      const chunk = Buffer.alloc(64 * 1024);
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) return Buffer.concat(chunks);
      size += count;
      chunks.push(chunk.subarray(0, count));
    }
    throw new Error(`it is larger than ${maxBytes} bytes`);
  } finally {
    closeSync(fd);
  }
}

/** As `readRegularFile`; undefined if there is no file. */
export function readIfPresent(path: string, maxBytes: number): Buffer | undefined {
  try {
    return readRegularFile(path, maxBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

const reasons: Record<string, string> = {
  EACCES: "you may not",
  EPERM: "you may not",
  ENOENT: "it does not exist",
  ENOTDIR: "it does not exist",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  EMFILE: "this process has too many files open",
  ENFILE: "the system has too many files open",
};

/** Why a file could not be read, to complete a sentence. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : (reasons[code] ?? code);
}
