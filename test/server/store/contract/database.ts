/** A database that the contract is tried with, whichever it is. */
import { expect } from "bun:test";
import { join } from "node:path";
import { SQL } from "bun";
import { openStore } from "../../../../src/server/store/open.ts";
import type { Credential } from "../../../../src/server/store/credentials.ts";
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

/** Takes back the version of the schema that changes indexes alone, for a test of an older database. */
export const indexesUndone = [
  "DROP INDEX ceremonies_expires_at",
  "DROP INDEX invites_expires_at",
  "DROP INDEX sessions_expires_at",
  "DROP INDEX sessions_created_at",
  "DROP INDEX sessions_user_id_created_at",
  "CREATE INDEX sessions_user_id ON sessions (user_id)",
];

export async function undoIndexes(sql: SQL): Promise<void> {
  for (const statement of indexesUndone) await sql.unsafe(statement);
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
    name,
    createdAt: now,
    lastUsedAt: undefined,
  };
}
