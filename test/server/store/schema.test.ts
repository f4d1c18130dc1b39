import { expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { SQL } from "bun";
import { openStore } from "../../../src/server/store/open.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

test("every column that refers to another table has an index, so that no list takes quadratic time", async () => {
  const path = join(tempFolderUntil(onTestFinished), "vouch.db");
  await (await openStore(`sqlite:${path}`, { create: true, now: 1_800_000_000 })).close();
  const sql = new SQL({ adapter: "sqlite", filename: path });
  const references = await sql`
    SELECT tables.name || '.' || keys."from" AS reference
    FROM sqlite_master AS tables, pragma_foreign_key_list(tables.name) AS keys WHERE tables.type = 'table'`;
  const indexed = await sql`
    SELECT DISTINCT tables.name || '.' || columns.name AS reference
    FROM sqlite_master AS tables, pragma_index_list(tables.name) AS indexes, pragma_index_info(indexes.name) AS columns
    WHERE tables.type = 'table' AND columns.seqno = 0`;
  await sql.close();
  const named = (rows: { reference: string }[]) => rows.map(({ reference }) => reference).toSorted();
  expect(named(references)).toContain("invites.user_id");
  expect(named(indexed)).toEqual(expect.arrayContaining(named(references)));
});

test("each version can be used by programs of a version that is no newer, and no older than the one before says", async () => {
  const path = join(tempFolderUntil(onTestFinished), "vouch.db");
  await (await openStore(`sqlite:${path}`, { create: true, now: 1_800_000_000 })).close();
  const sql = new SQL({ adapter: "sqlite", filename: path });
  const rows: { version: number; needs: number }[] = await sql`
    SELECT version, needs FROM schema_versions ORDER BY version`;
  await sql.close();
  let previous = 1;
  for (const { version, needs } of rows) {
    expect(needs).toBeGreaterThanOrEqual(previous);
    expect(needs).toBeLessThanOrEqual(version);
    previous = needs;
  }
  expect(rows.at(-1)?.version).toBeGreaterThanOrEqual(3);
});

test("a newer version that takes a column away can be used by programs that it does not shut out", async () => {
  const path = join(tempFolderUntil(onTestFinished), "vouch.db");
  const open = (create: boolean) => openStore(`sqlite:${path}`, { create, now: 1_800_000_000 });
  await (await open(true)).close();
  const sql = new SQL({ adapter: "sqlite", filename: path });
  await sql`ALTER TABLE credentials DROP COLUMN product`;
  await sql.close();
  expect(await open(false).catch(String)).toContain("lacks the column product of the table credentials");
  const newer = new SQL({ adapter: "sqlite", filename: path });
  await newer`INSERT INTO schema_versions (version, applied_at, needs) VALUES (999, 1, 1)`;
  await newer.close();
  await (await open(false)).close();
});
