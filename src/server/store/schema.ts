/** Migrates a database to the newest version of the schema, and tells which version it has. */
import type { SQL } from "bun";
import { VouchError } from "../../base/errors.ts";
import { firstWithNeeds, versions } from "./schema-versions.ts";

/** Runs `work` in a transaction, or in a part of one. */
type Begin = (work: (sql: SQL) => Promise<void>) => Promise<unknown>;

/**
 * Migrates the database to the newest version; `now` in seconds since 1970. Safe if several processes start at once:
 * each migration first inserts its version's row, so one process applies it and the others skip it. `dialect` adapts a
 * statement to the database.
 */
export async function migrate(begin: Begin, now: number, dialect = (statement: string) => statement): Promise<void> {
  await begin(async (sql) => {
    await sql`CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`;
  });
  for (const [index, { statements, needs }] of versions.entries()) {
    const version = index + 1;
    await begin(async (sql) => {
      const added = await sql`
        INSERT INTO schema_versions (version, applied_at) VALUES (${version}, ${now})
        ON CONFLICT (version) DO NOTHING RETURNING version`;
      if (added.length === 0) return;
      for (const statement of statements) await sql.unsafe(dialect(statement));
      if (version < firstWithNeeds) return;
      await sql`UPDATE schema_versions SET needs = ${needs} WHERE version = ${version}`;
    });
  }
}

/** Returns the tables that a database of `version` has, with their columns. */
export function columnsOf(version: number): Map<string, string[]> {
  const tables = new Map([["schema_versions", ["version", "applied_at"]]]);
  for (const statement of versions.slice(0, version).flatMap(({ statements }) => statements)) {
    const [, table, body] = /^CREATE TABLE (\w+) \((.+)\)$/s.exec(statement) ?? [];
    // A constraint begins with an upper-case word.
    if (table !== undefined)
      tables.set(
        table,
        [...body!.matchAll(/^ *([a-z_]+) /gm)].map(([, column]) => column!),
      );
    const [, changed, added] = /^ALTER TABLE (\w+) ADD COLUMN (\w+)/.exec(statement) ?? [];
    if (changed !== undefined) tables.get(changed)!.push(added!);
  }
  return tables;
}

/** Returns the version of a database that has been migrated, and the newest that this program knows. */
export async function schemaVersion(sql: SQL): Promise<{ found: number; known: number }> {
  const [row] = await sql`SELECT max(version) AS version FROM schema_versions`;
  return { found: Number(row.version), known: versions.length };
}

/**
 * Accepts a database of a newer version that this program can still use: replicas of two versions run side by side
 * during an upgrade. `name` is the database's, for the error. Throws `settings_invalid`.
 */
export async function checkVersion(sql: SQL, name: string): Promise<void> {
  const { found, known } = await schemaVersion(sql);
  if (found <= known) return;
  const [row] = await sql`SELECT max(needs) AS needs FROM schema_versions`;
  if (Number(row.needs) <= known) return;
  throw new VouchError(
    "settings_invalid",
    `${name} has version ${found}, which needs a Vouch that knows version ${Number(row.needs)}; this one knows ${known}.`,
    {
      hint: "A newer Vouch has written it. Run that version, or restore a backup from before the upgrade (`vouch server restore`).",
    },
  );
}
