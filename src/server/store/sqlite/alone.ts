/** Whether other processes have a SQLite file open. */
import type { Database } from "bun:sqlite";
import { VouchError } from "../../../base/errors.ts";
import { isLocked } from "../failure.ts";

/**
 * Locks the file for `database` alone, until that is closed: in this mode SQLite takes the whole file, which it does not
 * get while another process has it open. Throws `edit_conflict` then, and SQLite's errors.
 */
export function lockAlone(database: Database, path: string): void {
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    if (!isLocked(error)) throw error;
    throw new VouchError(
      "edit_conflict",
      `${path} is in use: what its server wrote from now on would be left behind.`,
      {
        hint: "Stop the server first.",
        cause: error,
      },
    );
  }
}
