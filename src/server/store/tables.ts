/** Whether a database has every table and column that its version has: one that was restored in part has not. */
import { VouchError } from "../../base/errors.ts";
import { columnsOf, schemaVersion } from "./schema.ts";
import type { SQL } from "bun";
import type { Sql } from "./sql.ts";

type Column = Record<"name" | "part", string>;

/** How a kind of database lists what it has. */
export interface Lists {
  columns: (run: Sql) => Promise<Column[]>;
  /** Names of triggers and of what else changes rows by itself, or shows others. */
  triggers: (run: Sql) => Promise<string[]>;
}

export const sqliteLists: Lists = {
  columns: async (run) =>
    await run`
      SELECT tables.name AS name, columns.name AS part
      FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type IN ('table', 'view')`,
  triggers: async (run) => namesOf(await run`SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')`),
};

export const postgresLists: Lists = {
  columns: async (run) =>
    await run`
      SELECT pg_class.relname AS name, pg_attribute.attname AS part
      FROM pg_class JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid
      WHERE pg_table_is_visible(pg_class.oid) AND pg_class.relkind IN ('r', 'p', 'v', 'f')
        AND pg_attribute.attnum > 0 AND NOT pg_attribute.attisdropped`,
  triggers: async (run) =>
    namesOf(
      await run`
      SELECT tgname AS name FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
      WHERE NOT tgisinternal AND relnamespace = to_regnamespace(quote_ident(current_schema()))
      UNION ALL SELECT rulename FROM pg_rules WHERE schemaname = current_schema()`,
    ),
};

const namesOf = (rows: Record<string, unknown>[]): string[] => rows.map(({ name }) => String(name));

/**
 * `name` is the database's, for the error. A newer version may have less (`needs` says who can do without), so only those
 * are looked at that this program knows. Throws `settings_invalid` if anything is missing.
 */
export async function checkTables(run: Sql, list: Lists["columns"], name: string): Promise<void> {
  const { found, known } = await schemaVersion(run as unknown as SQL);
  if (found > known) return;
  const present = new Set((await list(run)).map((column) => `${column.name}.${column.part}`));
  const tables = new Set([...present].map((column) => column.split(".")[0]!));
  for (const [table, columns] of columnsOf(found)) {
    const missing = columns.find((column) => !present.has(`${table}.${column}`));
    if (missing === undefined) continue;
    const what = tables.has(table) ? `the column ${missing} of the table ${table}` : `the table ${table}`;
    throw new VouchError("settings_invalid", `${name} lacks ${what}, which version ${found} has.`, {
      hint: "It is damaged, or was restored in part. Restore a backup: `vouch server restore`.",
    });
  }
}
