/** Databases of older versions: what was in them is there still, and what is new holds for it too. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import { schemaVersion } from "../../src/server/store/schema.ts";
import { openStore, type Store } from "../../src/server/store/store.ts";

const now = 1_800_000_000;
let folder: string;
let path: string;
let sql: SQL;
let store: Store | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vouch-schema-test-"));
  path = join(folder, "vouch.db");
  sql = new SQL({ adapter: "sqlite", filename: path });
  const tables = await Bun.file(join(import.meta.dir, "schema-1.sql")).text();
  for (const statement of tables.replaceAll(/^--.*$/gm, "").split(";\n")) {
    if (statement.trim() !== "") await sql.unsafe(statement);
  }
  await sql`INSERT INTO schema_versions (version, applied_at) VALUES (1, ${now - 1000})`;
  for (const user of ["ada", "bob"]) {
    await sql`INSERT INTO users (id, email, created_at) VALUES (${user}, ${`${user}@example.com`}, ${now - 900})`;
  }
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await sql.close();
  rmSync(folder, { recursive: true });
});

async function addKey(id: string, user: string, name: string, createdAt: number): Promise<void> {
  await sql`
    INSERT INTO credentials (id, user_id, public_key, counter, aaguid, transports, backup_eligible, backed_up, name,
      created_at, last_used_at)
    VALUES (${id}, ${user}, 'AQID', 7, '07070707-0707-0707-0707-070707070707', '["usb"]', 0, 0, ${name}, ${createdAt},
      ${now - 5})`;
}

async function migrated(): Promise<Store> {
  store = await openStore(`sqlite:${path}`, { create: false, now });
  const { found, known } = await schemaVersion(sql);
  expect({ found, known }).toEqual({ found: 3, known: 3 });
  return store;
}

test("version 1: keys, users, invites, ceremonies and sessions are kept", async () => {
  await addKey("key", "ada", "security key", now - 800);
  await sql`INSERT INTO invites (code_hash, user_id, created_at, expires_at) VALUES ('hash', 'bob', ${now}, ${now + 60})`;
  await sql`
    INSERT INTO ceremonies (id, type, challenge, code_hash, expires_at)
    VALUES ('ceremony', 'registration', 'AAAA', 'hash', ${now + 60})`;
  await sql`
    INSERT INTO sessions (token_hash, user_id, jkt, created_at, expires_at)
    VALUES ('token', 'ada', 'jkt', ${now - 10}, ${now + 60})`;
  const { accounts, credentials, ceremonies, sessions } = await migrated();
  expect(await credentials.find("key")).toEqual({
    revocation: 0,
    user: { id: "ada", email: "ada@example.com", disabled: false },
    credential: {
      id: "key",
      userId: "ada",
      publicKey: new Uint8Array([1, 2, 3]),
      counter: 7,
      aaguid: "07070707-0707-0707-0707-070707070707",
      product: undefined,
      transports: ["usb"],
      backupEligible: false,
      backedUp: false,
      name: "security key",
      createdAt: now - 800,
      lastUsedAt: now - 5,
    },
  });
  expect(await accounts.claimInvite("hash", "bob", now)).toBe(true);
  expect(await ceremonies.take("ceremony", "registration")).toMatchObject({ codeHash: "hash", userId: undefined });
  expect(await sessions.find("token")).toMatchObject({ credentialId: undefined, revoked: false });
  expect(await sessions.revokeOfUnknownOrigin("bob", now)).toBe(0);
  expect(await sessions.revokeOfUnknownOrigin("ada", now)).toBe(1);
  expect(await sessions.find("token")).toMatchObject({ revoked: true });
});

test("version 1: keys of one user with one name get different ones, the first keeps it", async () => {
  await addKey("third-key-of-ada", "ada", "security key", now - 700);
  await addKey("first-key-of-ada", "ada", "security key", now - 800);
  await addKey("twin-of-the-first", "ada", "security key", now - 800);
  await addKey("other", "ada", "blue", now - 600);
  await addKey("key-of-bob", "bob", "security key", now - 500);
  const { credentials } = await migrated();
  expect((await credentials.all()).map(({ id, name }) => [id, name])).toEqual([
    ["first-key-of-ada", "security key"],
    ["twin-of-the-first", "security key (twin-of-)"],
    ["third-key-of-ada", "security key (third-ke)"],
    ["other", "blue"],
    ["key-of-bob", "security key"],
  ]);
  const known = (await credentials.find("other"))!.credential;
  expect(await credentials.add({ ...known, id: "new" })).toBe("name_taken");
});

test("version 1: opened again, nothing changes any more", async () => {
  await addKey("key", "ada", "security key", now - 800);
  await (await migrated()).credentials.rename("ada", "key", "mine");
  await store?.close();
  expect((await (await migrated()).credentials.find("key"))?.credential.name).toBe("mine");
});
