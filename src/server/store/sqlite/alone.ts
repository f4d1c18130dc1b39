/** Whether other processes have a SQLite file open. */
import { Database } from "bun:sqlite";
import { VouchError } from "../../../base/errors.ts";
import { isLocked } from "../failure.ts";
import { refuseOtherProgram } from "./content.ts";
import { requireRegular } from "./files.ts";

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
    throw new VouchError("edit_conflict", `${path} is in use by another process.`, {
      hint: "Stop the server first.",
      cause: error,
    });
  }
}

/**
 * Throws `edit_conflict` while a process has the database `path` open. One that is missing, or so damaged that SQLite
 * does not open it, nobody uses.
 * Throws `file_error` where the path is no regular file's, or another program's database.
 */
export function requireAlone(path: string): void {
  requireRegular(path);
  try {
    refuseOtherProgram(path);
    const database = new Database(path, { readwrite: true });
    try {
      lockAlone(database, path);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof VouchError) throw error;
  }
}
