/** The password of the database, from its file. */
import { VouchError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { readRegularFile, whyUnreadable } from "../../base/system/regular-file.ts";
import { refuseWritable } from "./secret-file.ts";
import type { Found } from "./settings.ts";

/** Size limit of the password's file, in bytes. */
const maxPasswordBytes = 4096;

/** Reads the file of the setting `database-password-file`; undefined without one. Throws `file_error`, also if others may write it. */
export function databasePassword({ value: path, place }: Found<string | undefined>): Secret | undefined {
  if (path === undefined) return undefined;
  try {
    const text = readRegularFile(path, maxPasswordBytes).toString("utf8");
    refuseWritable(path);
    return new Secret(text.replace(/\r?\n$/, ""));
  } catch (error) {
    if (error instanceof VouchError) throw error;
    throw new VouchError("file_error", `${place} names ${path}, which cannot be read: ${whyUnreadable(error)}.`, {
      cause: error,
    });
  }
}
