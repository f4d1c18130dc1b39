/** Paths as people give them. */
import { isAbsolute, resolve } from "node:path";
import { VouchError } from "../errors.ts";

/**
 * Returns the absolute path; a relative one is in the working folder. Throws `file_error` if that was deleted: the runtime
 * takes its own folder instead.
 */
export function fullPath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  let folder: string;
  try {
    folder = process.cwd();
  } catch (error) {
    throw new VouchError("file_error", `${path} is in the working folder, which was deleted.`, {
      hint: "Go to another folder, or give the whole path.",
      cause: error,
    });
  }
  return resolve(folder, path);
}
