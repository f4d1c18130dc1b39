/** Copies a SQLite database into an empty PostgreSQL database, whole or not at all. */
import { Database } from "bun:sqlite";
import type { ReservedSQL } from "bun";
import { VouchError } from "../../../base/errors.ts";
import { lockAlone } from "../sqlite/alone.ts";
import type { Sql } from "../sql.ts";
import { postgresFailure } from "./failure.ts";
import { commit } from "./pool.ts";

/** Rows of one INSERT: far fewer values than a statement can have. */
const batchRows = 500;

type Row = Record<string, string | number | null>;

/**
 * Copies every table of the file `path` in one transaction of `target`, which has empty tables of the same version.
 * Nobody else has the file open meanwhile. `record` adds to the copy, in the same transaction. Returns the number of rows of each table, which both sides have. Throws
 * `edit_conflict` (the file is in use, the target holds data), `settings_missing` (no signing key), `outcome_unknown`
 * (the answer to COMMIT was lost), the databases' errors.
 */
export async function copyInto(
  target: ReservedSQL,
  path: string,
  record: (sql: Sql) => Promise<void>,
): Promise<Record<string, number>> {
  const source = new Database(path, { readwrite: true });
  try {
    lockAlone(source, path);
    const tables = tablesOf(source);
    await target`BEGIN ISOLATION LEVEL SERIALIZABLE`;
    // To count a large table takes longer than a request may.
    await target`SET LOCAL statement_timeout = '5min'`;
    const copied: Record<string, number> = {};
    for (const table of tables) {
      if ((await countIn(target, table)) > 0) throw holdsData(table);
      copied[table] = await copyTable(source, target, table);
    }
    if (!copied["signing_keys"]) {
      throw new VouchError("settings_missing", `${path} has no signing key.`, {
        hint: "Give the database that `vouch server init` made.",
      });
    }
    for (const table of tables) {
      const [found, expected] = [await countIn(target, table), count(source, table)];
      if (found !== expected || copied[table] !== expected) {
        throw new Error(`of ${expected} rows of ${table}, ${found} arrived`);
      }
    }
    // Programs that the source shuts out are shut out here.
    const { needs } = source.query<{ needs: number }, []>("SELECT max(needs) AS needs FROM schema_versions").get()!;
    await target`UPDATE schema_versions SET needs = ${needs} WHERE version = ${needs} AND needs < ${needs}`;
    await record((strings, ...values) => target(strings, ...values));
    await commitOrUnknown(target);
    return copied;
  } finally {
    source.close();
  }
}

async function commitOrUnknown(target: ReservedSQL): Promise<void> {
  try {
    await commit(target);
  } catch (error) {
    const failure = postgresFailure(error);
    if (failure?.kind !== "unreachable") throw error;
    throw new VouchError("outcome_unknown", `It is not known whether everything was copied: ${failure.reason}.`, {
      hint: "Run the same command again: it refuses a database that holds data, and then everything is there.",
      cause: error,
    });
  }
}

/** The tables with data, each after those that it refers to. */
function tablesOf(source: Database): string[] {
  const named = source
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_versions' ORDER BY name",
    )
    .all();
  const ordered = new Set<string>();
  const add = (table: string): void => {
    if (ordered.has(table)) return;
    const references = source.query<{ table: string }, [string]>('SELECT "table" FROM pragma_foreign_key_list(?)');
    for (const reference of references.all(table)) add(reference.table);
    ordered.add(table);
  };
  for (const { name } of named) add(name);
  return [...ordered];
}

async function copyTable(source: Database, target: ReservedSQL, table: string): Promise<number> {
  let number = 0;
  let batch: Row[] = [];
  const send = async () => {
    if (batch.length > 0) await target`INSERT INTO ${target(table)} ${target(batch)}`;
    number += batch.length;
    batch = [];
  };
  for (const row of source.query<Row, []>(`SELECT * FROM "${table}"`).iterate()) {
    batch.push(row);
    if (batch.length === batchRows) await send();
  }
  await send();
  return number;
}

function count(source: Database, table: string): number {
  return source.query<{ number: number }, []>(`SELECT count(*) AS number FROM "${table}"`).get()!.number;
}

async function countIn(target: ReservedSQL, table: string): Promise<number> {
  const [row] = await target`SELECT count(*) AS number FROM ${target(table)}`;
  return Number(row.number);
}

function holdsData(table: string): VouchError {
  return new VouchError("edit_conflict", `The database to migrate to holds data already (table ${table}).`, {
    hint: "Give an empty one (`createdb`); nothing was changed.",
  });
}
