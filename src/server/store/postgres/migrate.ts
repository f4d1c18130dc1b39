/** Moves a server from SQLite to PostgreSQL. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/printable.ts";
import { nextEntry } from "../../audit/entry.ts";
import { AuditStore } from "../audit.ts";
import { copyInto } from "./copy.ts";
import { databaseFailure, failureCode } from "../failure.ts";
import { openSqliteStore } from "../sqlite/store.ts";
import type { PostgresAddress } from "./address.ts";
import { Pool } from "./pool.ts";
import { openPostgresStore } from "./store.ts";

/**
 * Copies the SQLite file `path` into the empty database, after both have the newest schema. Returns the number of rows
 * of each table. The copy's audit log has it as done by `by`, in `chain`. Throws as `openStore` and `copyInto`.
 */
export async function migrateToPostgres(
  path: string,
  address: PostgresAddress,
  now: number,
  { chain, by }: { chain: string; by: string },
): Promise<Record<string, number>> {
  if (!existsSync(path)) throw new VouchError("settings_missing", `There is no database ${path}.`);
  await (await openSqliteStore(path, { create: false, now })).close();
  await (await openPostgresStore(address, { create: true, now })).close();
  const pool = new Pool(address);
  try {
    return await pool.once((connection) =>
      copyInto(connection, path, async (sql) => {
        const audit = new AuditStore(sql);
        const fact = { event: "migrate", detail: { from: basename(path) } } as const;
        await audit.add(nextEntry(chain, await audit.head(chain), fact, { time: now, by }));
      }),
    );
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
