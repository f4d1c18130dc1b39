/** Moves a server from SQLite to PostgreSQL. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { ReservedSQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { nextEntry } from "../../audit/entry.ts";
import { AuditStore } from "../audit.ts";
import { copyInto } from "./copy.ts";
import { databaseFailure, failureCode } from "../failure.ts";
import { columnsOf } from "../schema.ts";
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
  if (!existsSync(path))
    throw new VouchError("settings_missing", `There is no database ${path}.`, {
      hint: "Expected --from sqlite:PATH with the file of a server.",
    });
  await (await openSqliteStore(path, { create: false, now })).close();
  const pool = new Pool(address);
  try {
    await pool.once((connection) => refuseForeign(connection, address.name));
    await (await openPostgresStore(address, { create: true, now })).close();
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

/** Throws `edit_conflict` where the database has anything that is none of Vouch's: it is another program's. */
async function refuseForeign(connection: ReservedSQL, name: string): Promise<void> {
  const found = (await connection`
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY relname`) as { name: string }[];
  const own = columnsOf(Infinity);
  const foreign = found.find((each) => !own.has(each.name));
  if (foreign === undefined) return;
  const message = `The database to migrate to, ${name}, has a table of another program: ${printable(foreign.name)}.`;
  throw new VouchError("edit_conflict", message, {
    hint: "Give an empty one (`createdb --owner=USER NAME`); nothing was changed.",
  });
}
