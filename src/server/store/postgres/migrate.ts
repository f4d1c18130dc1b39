/** Moves a server from SQLite to PostgreSQL. */
import { existsSync } from "node:fs";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/printable.ts";
import { copyInto } from "./copy.ts";
import { databaseFailure, failureCode } from "../failure.ts";
import { openSqliteStore } from "../sqlite/store.ts";
import type { PostgresAddress } from "./address.ts";
import { Pool } from "./pool.ts";
import { openPostgresStore } from "./store.ts";

/**
 * Copies the SQLite file `path` into the empty database, after both have the newest schema. Returns the number of rows
 * of each table. Throws as `openStore` and `copyInto`.
 */
export async function migrateToPostgres(
  path: string,
  address: PostgresAddress,
  now: number,
): Promise<Record<string, number>> {
  if (!existsSync(path)) throw new VouchError("settings_missing", `There is no database ${path}.`);
  await (await openSqliteStore(path, { create: false, now })).close();
  await (await openPostgresStore(address, { create: true, now })).close();
  const pool = new Pool(address);
  try {
    return await pool.once((connection) => copyInto(connection, path));
  } catch (error) {
    if (error instanceof VouchError) throw error;
    const reason = databaseFailure(error) ?? printable((error as Error).message);
    throw new VouchError(failureCode(error), `Nothing was copied to ${address.name}: ${reason}.`, {
      hint: "Check both databases; then try again.",
      cause: error,
    });
  } finally {
    await pool.close();
  }
}
