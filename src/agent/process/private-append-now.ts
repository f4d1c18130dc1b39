/** Appending to a file of the agent that only the user may read, at once: for lines that must be there before an answer. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import {
  appendFlags,
  checkPrivateFile,
  checkPrivateFolder,
  endOf,
  isOpenToOthers,
  whyUnwritten,
  wholeLines,
} from "./private-file.ts";

/** As `appendPrivately`, but it has happened when this returns. Throws what that one rejects with. */
export function appendNow(
  path: string,
  lines: readonly string[],
  maxBytes: number,
  goneLine: (end: number) => string,
): void {
  let text = wholeLines(lines);
  let fd = -1;
  try {
    prepareFolder(dirname(path));
    fd = openPrivateNow(path);
    const { size, ino } = fstatSync(fd);
    if (size > 0 && size + text.length > maxBytes) {
      // Another agent of the user may have done it meanwhile.
      if (lstatSync(path).ino === ino) {
        const gone = endOf(lstatSync(`${path}.1`, { throwIfNoEntry: false }));
        renameSync(path, `${path}.1`);
        if (gone !== undefined) text = wholeLines([goneLine(gone), ...lines]);
      }
      closeSync(fd);
      fd = -1;
      fd = openPrivateNow(path);
    }
    writeWhole(fd, isTorn(fd) ? Buffer.concat([Buffer.from("\n"), text]) : text);
  } catch (error) {
    throw new Error(whyUnwritten(error), { cause: error });
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Creates the folder, mode 0700, and checks it. */
export function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  checkPrivateFolder(folder, lstatSync(folder));
}

/** The descriptor of the file, for reading too, mode 0600. */
export function openPrivateNow(path: string): number {
  const fd = openSync(path, constants.O_RDWR | appendFlags, 0o600);
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

/** Whether the last line has no end. */
function isTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length;) {
    const written = writeSync(fd, bytes, offset);
    if (written === 0) throw Object.assign(new Error(), { code: "ENOSPC" });
    offset += written;
  }
}
