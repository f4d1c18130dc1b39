/** Online backup of the database. */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import { removeAbandoned, temporaryName } from "../../../base/system/temporary.ts";
import { databaseFailure } from "../failure.ts";
import type { Sql } from "../sql.ts";

/**
 * Writes a consistent copy to a new file `path` with mode 0600 and checks its integrity, its foreign keys and that it
 * has a signing key. The copy is made in a folder of mode 0700 next to `path` and linked into place when complete; an
 * existing file is never overwritten. Returns the number of rows of each table.
 * Throws `edit_conflict` (the file exists), `file_error`.
 */
export async function backUp(source: Sql, path: string): Promise<Record<string, number>> {
  const target = resolve(path);
  let folder: string | undefined;
  try {
    // Remove the plaintext copies of killed backups.
    removeAbandoned(dirname(target), basename(target));
    const made = join(dirname(target), temporaryName(basename(target)));
    mkdirSync(made, { mode: 0o700 });
    folder = made;
    const copy = join(folder, "copy.db");
    // VACUUM INTO accepts an existing empty file and keeps its mode.
    closeSync(openSync(copy, "wx", 0o600));
    await source`VACUUM INTO ${copy}`;
    const rows = await checkCopy(copy);
    const descriptor = openSync(copy, "r");
    fsyncSync(descriptor);
    closeSync(descriptor);
    linkSync(copy, target);
    return rows;
  } catch (error) {
    if (error instanceof VouchError) throw error;
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new VouchError("edit_conflict", `${path} exists.`, { hint: "Give the name of a new file." });
    }
    const reason = databaseFailure(error) ?? (error as Error).message;
    throw new VouchError("file_error", `The backup ${path} cannot be written: ${reason}.`, {
      hint: "Check the folder, its permissions and the space on the disk.",
      cause: error,
    });
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Checks a copy: its integrity, its foreign keys, that it has a signing key. Returns the number of rows of each table.
 * Throws `file_error`, SQLite's errors.
 */
export async function checkCopy(path: string): Promise<Record<string, number>> {
  const copy = new SQL({ adapter: "sqlite", filename: path, readonly: true });
  try {
    const [integrity] = await copy`PRAGMA integrity_check`;
    const broken = await copy`PRAGMA foreign_key_check`;
    const tables: { name: string }[] = await copy`
      SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`;
    const rows: Record<string, number> = {};
    for (const { name } of tables) {
      const [counted] = await copy.unsafe(`SELECT count(*) AS number FROM "${name}"`);
      rows[name] = Number(counted.number);
    }
    if (integrity?.integrity_check !== "ok" || broken.length > 0 || !rows["signing_keys"]) {
      throw new VouchError("file_error", "The copy of the database is not whole.", {
        hint: "The database itself may be damaged: check the disk, and keep the backups that you have.",
      });
    }
    return rows;
  } finally {
    await copy.close();
  }
}
