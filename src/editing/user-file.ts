/** Reads user configuration files losslessly (byte for byte) and applies changes to them. */
import { realpathSync, unlinkSync } from "node:fs";
import { VouchError } from "../base/errors.ts";
import { readRegularFile, whyUnreadable } from "../base/system/regular-file.ts";
import { cleanBeside, writeFileAtomic } from "../base/system/atomic-write.ts";

const maxBytes = 4 << 20;

/** A file's text before and after a change; undefined if it does not exist. */
export interface FileChange {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

/**
 * Returns the text of a file, including a byte order mark; undefined if it does not exist. Throws `file_error` if it
 * cannot be read or is larger than 4 MiB, `edit_conflict` if it is not UTF-8.
 */
export function readUserFile(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new VouchError("file_error", `${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Check what is there, its owner and its mode.",
      cause: error,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VouchError("edit_conflict", `${path} is not UTF-8 text, so it is left alone.`, {
      hint: "Save the file as UTF-8, then run the command again.",
      cause: error,
    });
  }
}

/** Writes the new text (`mode` for a new file, 0600), or deletes the file. No effect without a change. */
export function applyFileChange({ path, before, after }: FileChange, mode = 0o600): void {
  if (before === after) return cleanBeside(path);
  if (after !== undefined) return writeFileAtomic(path, after, { mode });
  try {
    // Delete the target, not the user's symbolic link, which dangles again as before.
    unlinkSync(realpathSync(path));
  } catch (error) {
    throw new VouchError("file_error", `${path} cannot be deleted: ${(error as Error).message}.`, { cause: error });
  }
}
