/**
 * Reads a project's files (untrusted input): no error, no waiting for a named pipe. By system calls, not by the runtime's
 * threads: starting those takes longer than all reading.
 */
import { realpathSync, type Stats, statSync } from "node:fs";
import { readRegularFile } from "../../../base/system/regular-file.ts";

/** Ten times the largest lock file that was ever seen. */
const maxFileBytes = 1 << 28;

/**
 * The text of a regular file; undefined if there is none, or if it cannot be read, as npm cannot either. `refuse` is
 * called for one that is too large.
 */
export function textOf(file: string, refuse: () => void): string | undefined {
  try {
    return readRegularFile(file, maxFileBytes).toString("utf8");
  } catch (error) {
    // Errors without a code: it is too large, or no regular file.
    if ((error as NodeJS.ErrnoException).code === undefined && statusOf(file)?.isFile() === true) refuse();
    return undefined;
  }
}

/** The names in a folder that match the pattern, links and folders too; none if it is not a readable folder (an archive). */
export function namesIn(folder: string, pattern: string): string[] {
  try {
    // Without onlyFiles: false, links to files are left out.
    return [...new Bun.Glob(pattern).scanSync({ cwd: folder, dot: true, onlyFiles: false })];
  } catch {
    return [];
  }
}

/** The path with its links followed; as it is if it leads nowhere. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** As stat(2); undefined on failure. */
export function statusOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
