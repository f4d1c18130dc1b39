/** A database that the contract is tried with, whichever it is. */
import { afterEach, beforeEach, expect } from "bun:test";
import { join } from "node:path";
import { SQL } from "bun";
import { openStore } from "../../../../src/server/store/open.ts";
import { versions } from "../../../../src/server/store/schema-versions.ts";
import type { Credential } from "../../../../src/server/store/people/credentials.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { tempFolder } from "../../../temp-folder.ts";

export const now = 1_800_000_000;

/** A new, empty database, and a way to look into it behind the store's back. */
export interface TestDatabase {
  url: string;
  sql: SQL;
  remove(): Promise<void>;
}

/** Makes one for a test. */
export type MakeDatabase = () => Promise<TestDatabase>;

/** A file in a folder of its own. */
export async function sqlite(): Promise<TestDatabase> {
  const folder = tempFolder();
  const path = join(folder.path, "state", "vouch.db");
  let sql: SQL | undefined;
  return {
    url: `sqlite:${path}`,
    // Opened when it is first asked, after the store has made the file.
    get sql() {
      return (sql ??= new SQL({ adapter: "sqlite", filename: path }));
    },
    async remove() {
      await sql?.close();
      folder[Symbol.dispose]();
    },
  };
}

export const open = (database: TestDatabase, create = true): Promise<Store> =>
  openStore(database.url, { create, now, patienceMs: 60_000, attemptMs: 60_000 });

/** Opens the store of a new database before each test, and closes both after it. `prepare` takes them. */
export function openEach(
  make: MakeDatabase,
  prepare: (opened: { database: TestDatabase; store: Store }) => void | Promise<void>,
): void {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = await make();
    store = await open(database);
    await prepare({ database, store });
  });
  afterEach(async () => {
    await store.close();
    await database.remove();
  });
}

/** Takes the schema back to `version`, for a test of an older program's database. */
export async function takeBackTo(version: number, sql: SQL): Promise<void> {
  for (const statement of undone(version)) await sql.unsafe(statement);
  await sql`DELETE FROM schema_versions WHERE version > ${version}`;
}

/** The statements that take back all versions after `version`, the last first. */
export function undone(version: number): string[] {
  const made = versions.flatMap(({ statements }) => statements);
  return versions
    .slice(version)
    .flatMap(({ statements }) => statements)
    .toReversed()
    .flatMap((statement) => undo(statement, made));
}

function undo(statement: string, made: readonly string[]): string[] {
  const [, what, name, table, column] =
    /^(CREATE TABLE|CREATE(?: UNIQUE)? INDEX|DROP INDEX|ALTER TABLE) (\w+)(?: ON (\w+)| ADD COLUMN (\w+))?/.exec(
      statement,
    ) ?? [];
  // Of a column that goes with its version.
  if (statement.startsWith("UPDATE ")) return [];
  if (what === "CREATE TABLE") return [`DROP TABLE ${name}`];
  if (what === "DROP INDEX") return made.filter((other) => other.startsWith(`CREATE INDEX ${name} `));
  if (what === "ALTER TABLE") return [`ALTER TABLE ${name} DROP COLUMN ${column}`];
  expect(table).toBeString();
  return [`DROP INDEX ${name}`];
}

/** The rows with every number a number: PostgreSQL gives a BIGINT as text. */
export function plain(rows: Record<string, unknown>[]): Record<string, unknown>[] {
  expect(Array.isArray(rows)).toBe(true);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
      ]),
    ),
  );
}

export function credential(userId: string, id: string, name = "blue"): Credential {
  return {
    id,
    userId,
    publicKey: new Uint8Array([1, 2, 3]),
    counter: 4_294_967_294,
    aaguid: "07070707-0707-0707-0707-070707070707",
    product: "YubiKey OTP+FIDO+CCID",
    transports: ["usb", "nfc"],
    backupEligible: true,
    backedUp: false,
    builtIn: true,
    name,
    createdAt: now,
    lastUsedAt: undefined,
  };
}
