/** The password of the database, from its file. */
import type { Secret } from "../../base/secret.ts";
import { readSecret } from "./secret-file.ts";
import type { Found } from "./settings.ts";

/** Reads the file of the setting `database-password-file`; undefined without one. Throws `file_error`, also if others may write it. */
export function databasePassword({ value: path, place }: Found<string | undefined>): Secret | undefined {
  return path === undefined ? undefined : readSecret(path, "database-password-file", place);
}
