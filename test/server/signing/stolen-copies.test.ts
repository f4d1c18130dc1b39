/** What a thief of the database's files, of a backup or of a dump has: no signing key, once keys are encrypted. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { Secret } from "../../../src/base/secret.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { encryptKeys } from "../../../src/server/signing/encrypt.ts";
import { retiredSeconds } from "../../../src/server/signing/life-cycle.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { removeGone, retire, rotate } from "../../../src/server/signing/rotation.ts";
import { keyMaker } from "../../../src/server/signing/signing-key.ts";
import { openStore } from "../../../src/server/store/open.ts";
import type { Store } from "../../../src/server/store/store.ts";
import { requires } from "../../requires.ts";
import type { Binding } from "../../../src/server/signing/binding.ts";
import { tempFolderUntil } from "../../temp-folder.ts";
import { type Postgres, requiresPostgres, startPostgres } from "../postgres.ts";
import { privatePart, tracesOf } from "./traces.ts";

const now = 1_800_000_000;
const issuer = "https://vouch.example.com";
const kek = await localKek(new Secret(new Uint8Array(32).fill(9)));
const inClearText = keyMaker(issuer, undefined);

/** Some rows besides, so that pages fill, are split and are freed. */
async function fill(store: Store): Promise<void> {
  await store.transaction(async ({ accounts, sessions }) => {
    for (let index = 0; index < 300; index++) {
      await accounts.invite(`person-${index}@example.com`, `code-${index}`, now, now + 9);
      await sessions.rememberProof(`proof-${index}`, now + 9);
    }
  });
}

describe("of a SQLite database", () => {
  const folderOf = () => tempFolderUntil(onTestFinished);
  const files = (path: string) =>
    Buffer.concat([path, `${path}-wal`, `${path}-shm`].map((each) => readFileSync(each, { flag: "a+" })));

  /** A database with three keys, and everything secret of them. */
  async function three(path: string): Promise<{ store: Store; secrets: Buffer[] }> {
    const store = await openStore(`sqlite:${path}`, { create: true, now });
    await initializeServer(store, issuer, undefined, now);
    await fill(store);
    await rotate(store, now + 10, inClearText, { immediately: true });
    await rotate(store, now + 20, inClearText);
    const secrets = (await store.signingKeys.all()).map(({ jwk }) => privatePart(jwk));
    expect(secrets).toHaveLength(3);
    return { store, secrets };
  }
  const traces = (secrets: Buffer[], bytes: Buffer) => secrets.flatMap((secret) => tracesOf(secret, bytes));

  test("the file and its log have the keys in clear text before, and nothing of them after they are encrypted", async () => {
    const path = join(folderOf(), "vouch.db");
    const { store, secrets } = await three(path);
    expect(traces(secrets, files(path))).not.toEqual([]);
    await encryptKeys(store, issuer, { from: undefined, to: kek });
    expect(await store.scrub()).toBe(true);
    expect(traces(secrets, files(path))).toEqual([]);
    const copy = join(folderOf(), "backup.db");
    await store.backUp(copy);
    expect(traces(secrets, files(copy))).toEqual([]);
    await fill(store);
    await store.close();
    expect(traces(secrets, files(path))).toEqual([]);
  });

  test("encrypted while a server has the file open, nothing of them is left either", async () => {
    const path = join(folderOf(), "vouch.db");
    const { store, secrets } = await three(path);
    const server = await openStore(`sqlite:${path}`, { create: false, now, sync: "grouped" });
    await server.signingKeys.all();
    await encryptKeys(store, issuer, { from: undefined, to: kek });
    expect(await store.scrub()).toBe(true);
    expect(traces(secrets, files(path))).toEqual([]);
    expect(await server.signingKeys.all()).toEqual(await store.signingKeys.all());
    await server.close();
    await store.close();
  });

  test("while somebody reads an older state, it says that old pages are left, and the keys are encrypted all the same", async () => {
    const path = join(folderOf(), "vouch.db");
    const { store, secrets } = await three(path);
    const reader = new SQL({ adapter: "sqlite", filename: path });
    await reader`BEGIN`;
    await reader`SELECT count(*) FROM users`;
    await encryptKeys(store, issuer, { from: undefined, to: kek });
    expect(await store.scrub()).toBe(false);
    expect((await store.signingKeys.all()).every(({ protection }) => protection !== undefined)).toBe(true);
    await reader`COMMIT`;
    await reader.close();
    expect(await store.scrub()).toBe(true);
    expect(traces(secrets, files(path))).toEqual([]);
    await store.close();
  });

  test("keys that were encrypted from the beginning are nowhere, at no time", async () => {
    const path = join(folderOf(), "vouch.db");
    const made: Buffer[] = [];
    const spying = {
      kek: kek.kek,
      protect: async (secret: Uint8Array<ArrayBuffer>, binding: Binding) => {
        made.push(Buffer.from(secret));
        return await kek.protect(secret, binding);
      },
      unprotect: kek.unprotect.bind(kek),
    };
    const store = await openStore(`sqlite:${path}`, { create: true, now });
    await initializeServer(store, issuer, undefined, now, keyMaker(issuer, spying));
    await rotate(store, now + 10, keyMaker(issuer, spying), { immediately: true });
    expect(made.length).toBeGreaterThanOrEqual(2);
    expect(traces(made, files(path))).toEqual([]);
    await store.close();
  });

  test("a key that was retired or has gone is overwritten in its page", async () => {
    const path = join(folderOf(), "vouch.db");
    const { store, secrets } = await three(path);
    const [first, , waiting] = await store.signingKeys.all();
    await retire(store, waiting!.kid, now + 20);
    await removeGone(store, now + 10 + retiredSeconds);
    expect((await store.signingKeys.all()).map(({ kid }) => kid)).not.toContain(first!.kid);
    await store.close();
    const bytes = readFileSync(path);
    expect(tracesOf(secrets[0]!, bytes)).toEqual([]);
    expect(tracesOf(secrets[1]!, bytes)).not.toEqual([]);
    expect(tracesOf(secrets[2]!, bytes)).toEqual([]);
  });
});

describe.skipIf(!requiresPostgres() || !requires("pg_dump"))("of a PostgreSQL database", () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => server?.remove());

  test("a dump has the keys in clear text before, and nothing of them after they are encrypted", async () => {
    const url = await server.database();
    const dump = () => {
      const plain = Bun.spawnSync(["pg_dump", "--dbname", url]);
      const custom = Bun.spawnSync(["pg_dump", "--format=custom", "--compress=0", "--dbname", url]);
      expect(plain.stderr.toString() + custom.stderr.toString()).toBe("");
      return Buffer.concat([plain.stdout, custom.stdout]);
    };
    const store = await openStore(url, { create: true, now });
    await initializeServer(store, issuer, undefined, now);
    await rotate(store, now + 10, inClearText);
    const secrets = (await store.signingKeys.all()).map(({ jwk }) => privatePart(jwk));
    const before = dump();
    for (const secret of secrets) expect(tracesOf(secret, before)).not.toEqual([]);
    await encryptKeys(store, issuer, { from: undefined, to: kek });
    expect(await store.scrub()).toBe(false);
    await store.close();
    const after = dump();
    expect(after.toString("latin1")).toContain(kek.kek);
    for (const secret of secrets) expect(tracesOf(secret, after)).toEqual([]);
  });
});
