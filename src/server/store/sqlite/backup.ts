/** Online backup of the database. */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Database } from "bun:sqlite";
import { VouchError } from "../../../base/errors.ts";
import { fullPath } from "../../../base/system/full-path.ts";
import { removeAbandoned, temporaryName } from "../../../base/system/temporary.ts";
import { databaseFailure } from "../failure.ts";
import type { Sql } from "../sql.ts";
import { suffixes } from "./files.ts";

/**
 * Writes a consistent copy to a new file `path` with mode 0600 and checks its integrity, its foreign keys and that it
 * has a signing key. The copy is made in a folder of mode 0700 next to `path` and linked into place when complete; an
 * existing file is never overwritten. Returns the number of rows of each table.
 * Throws `edit_conflict` (the file exists), `usage` (a name that SQLite gives), `file_error`.
 */
export async function backUp(source: Sql, path: string): Promise<Record<string, number>> {
  const target = fullPath(path);
  let folder: string | undefined;
  refuseName(target);
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
    const rows = checkCopy(copy);
    const descriptor = openSync(copy, "r");
    fsyncSync(descriptor);
    closeSync(descriptor);
    linkSync(copy, target);
    return rows;
  } catch (error) {
    if (error instanceof VouchError) throw error;
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new VouchError("edit_conflict", `${target} exists.`, { hint: "Give the name of a new file." });
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

/** Throws `usage` for the name of another database's file, and `edit_conflict` where such a file is beside the new one. */
function refuseName(target: string): void {
  const own = suffixes.slice(1);
  const suffix = own.find((each) => target.endsWith(each));
  if (suffix !== undefined) {
    throw new VouchError("usage", `${target}: SQLite takes a file that ends in ${suffix} for a part of a database.`, {
      hint: "Give another name, like vouch-backup.db.",
    });
  }
  const beside = own.map((each) => target + each).find((each) => existsSync(each));
  if (beside === undefined) return;
  throw new VouchError("edit_conflict", `${beside} exists, which SQLite would take for a part of the backup.`, {
    hint: "Give another name.",
  });
}

/**
 * Checks a copy: its integrity, its foreign keys, that it has a signing key. Returns the number of rows of each table.
 * Throws `file_error`, SQLite's errors.
 */
export function checkCopy(path: string): Record<string, number> {
  // Not the runtime's SQL, which cuts a path off at a ?.
  const copy = new Database(path, { readonly: true });
  try {
    const ask = (statement: string) => copy.query<Record<string, unknown>, []>(statement).all();
    const [integrity] = ask("PRAGMA integrity_check");
    const broken = ask("PRAGMA foreign_key_check");
    const tables = ask(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    const rows: Record<string, number> = {};
    for (const { name } of tables) {
      const [counted] = ask(`SELECT count(*) AS number FROM "${String(name)}"`);
      rows[String(name)] = Number(counted?.["number"]);
    }
    if (integrity?.["integrity_check"] !== "ok" || broken.length > 0 || !rows["signing_keys"]) {
      throw new VouchError("file_error", "The copy of the database is not whole.", {
        hint: "The database itself may be damaged: check the disk, and keep the backups that you have.",
      });
    }
    return rows;
  } finally {
    copy.close();
  }
}
