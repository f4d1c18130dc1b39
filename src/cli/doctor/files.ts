/** Reads the files of the package managers for the doctor: small regular files only, since the folder may be hostile. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

const maxBytes = 1 << 20;

/** The text of a regular file of at most 1 MiB; undefined when there is none that can be read. */
export function readSmallFile(path: string): string | undefined {
  let fd: number;
  try {
    // O_NONBLOCK: opening a named pipe must not wait for its other side.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= maxBytes ? readFileSync(fd, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** The folder and its parents up to the root. */
export function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
