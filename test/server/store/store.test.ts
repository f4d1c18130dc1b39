/** The database: how its file is kept, how its tables come to be, what it forgets. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { VouchError } from "../../../src/base/errors.ts";
import { defaultAudience, initializeServer } from "../../../src/server/initialize.ts";
import type { Credential } from "../../../src/server/store/credentials.ts";
import { openStore, type Store } from "../../../src/server/store/store.ts";
import type { User } from "../../../src/server/store/user.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const now = 1_800_000_000;
let folder: string;
let path: string;
let store: Store;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "state", "vouch.db");
  store = await openStore(`sqlite:${path}`, { create: true, now });
});
afterEach(async () => {
  await store.close();
});

const refused = async (url: string, create = true): Promise<VouchError> => {
  try {
    await (await openStore(url, { create, now })).close();
  } catch (error) {
    if (error instanceof VouchError) return error;
    throw error;
  }
  throw new Error(`${url} was opened`);
};

function credential(userId: string, id: string): Credential {
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
    name: "blue",
    createdAt: now,
    lastUsedAt: undefined,
  };
}

test("a purge of many rows lets others have their turn between its batches", async () => {
  const sql = new SQL({ adapter: "sqlite", filename: path });
  await sql`
    INSERT INTO dpop_proofs (id, expires_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    SELECT 'proof-' || n, CASE WHEN n <= 19000 THEN ${now} ELSE ${now + 1} END FROM numbers`;
  const state = { turns: 0, purging: true };
  const others = (async () => {
    for (; state.purging; state.turns++) await new Promise((resolve) => setImmediate(resolve));
  })();
  await store.purge(now);
  state.purging = false;
  await others;
  const [left] = await sql`SELECT count(*) AS number, min(expires_at) AS first FROM dpop_proofs`;
  await sql.close();
  expect(left).toEqual({ number: 1000, first: now + 1 });
  expect(state.turns).toBeGreaterThan(30);
});

test("a second revocation keeps the time of the first", async () => {
  const user = await store.accounts.invite("dev@example.com", "code", now, now + 60);
  await store.credentials.add(credential(user.id, "key"));
  const session = { user, jkt: "j", credentialId: "key", createdAt: now, expiresAt: now + 1000 };
  for (const token of ["one", "two", "three"]) await store.sessions.add(token, session);
  const sql = new SQL({ adapter: "sqlite", filename: path });
  await store.sessions.revoke("one", now + 1);
  await store.sessions.revoke("one", now + 5);
  expect(await store.sessions.revokeAll(user.id, now + 3)).toBe(2);
  expect(await store.sessions.revokeAll(user.id, now + 7)).toBe(0);
  await store.sessions.revoke("three", now + 8);
  const rows = await sql`SELECT token_hash, revoked_at FROM sessions ORDER BY token_hash`;
  await sql.close();
  expect(rows.map((row: { token_hash: string; revoked_at: number }) => [row.token_hash, row.revoked_at])).toEqual([
    ["one", now + 1],
    ["three", now + 3],
    ["two", now + 3],
  ]);
});

describe("the database file", () => {
  test("is readable to the owner alone, with the files beside it and its folder", async () => {
    await initializeServer(store, "https://vouch.example.com", [defaultAudience], now);
    expect(statSync(join(folder, "state")).mode & 0o777).toBe(0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is made private again when it is open to others", async () => {
    await store.close();
    chmodSync(path, 0o644);
    store = await openStore(`sqlite://${path}`, { create: false, now });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is not created by a command that expects it", async () => {
    const missing = join(folder, "missing.db");
    const error = await refused(`sqlite:${missing}`, false);
    expect(error.code).toBe("settings_missing");
    expect(error.hint).toContain("vouch server init");
    expect(existsSync(missing)).toBe(false);
  });

  test("must have a version that this program knows", async () => {
    const other = join(folder, "other.db");
    writeFileSync(other, "not a database, but long enough to have a header of one\n".repeat(20));
    expect((await refused(`sqlite:${other}`)).code).toBe("file_error");
    const sql = new SQL({ adapter: "sqlite", filename: path });
    await sql`INSERT INTO schema_versions (version, applied_at) VALUES (99, ${now})`;
    await sql.close();
    const newer = await refused(`sqlite:${path}`);
    expect(newer.code).toBe("settings_invalid");
    expect(newer.hint).toContain("newer Vouch");
  });

  test.each(["postgres://vouch:password@db/vouch", "sqlite:", "/var/lib/vouch.db", ""])(
    'is named by a URL, not "%s"',
    async (url) => {
      const error = await refused(url);
      expect(error.code).toBe("usage");
      expect(error.message).not.toContain("password");
    },
  );
});

test("several processes that open a new database at once make its tables once", async () => {
  const fresh = join(folder, "fresh.db");
  const script = `
    import { openStore } from ${JSON.stringify(new URL("../../../src/server/store/store.ts", import.meta.url).pathname)};
    const store = await openStore("sqlite:${fresh}", { create: true, now: ${now} });
    await store.accounts.invite(process.argv.at(-1), process.argv.at(-1), ${now}, ${now + 10});
    await store.close();`;
  const processes = ["a", "b", "c", "d"].map((name) =>
    Bun.spawn([process.execPath, "-e", script, name], { stdout: "pipe", stderr: "pipe" }),
  );
  for (const child of processes) {
    const [code, errors] = [await child.exited, await new Response(child.stderr).text()];
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  }
  const opened = await openStore(`sqlite:${fresh}`, { create: false, now });
  expect((await opened.accounts.users(now)).map(({ email }) => email)).toEqual(["a", "b", "c", "d"]);
  await opened.close();
});

test("initialising the store again keeps the signing key and sets the audiences, and another URL is refused", async () => {
  await initializeServer(store, "https://vouch.example.com", [defaultAudience], now);
  const [key] = await store.configuration.signingKeys();
  await initializeServer(store, "https://vouch.example.com", ["a", "b"], now + 1);
  expect(await store.configuration.signingKeys()).toEqual([key!]);
  expect(await store.configuration.load()).toEqual({ url: "https://vouch.example.com", audiences: ["a", "b"] });
  const error: unknown = await initializeServer(store, "https://other.example.com", ["a"], now).catch(
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ code: "edit_conflict" });
});

describe("an invite in the store", () => {
  test("is valid until its end, not at its end, and once", async () => {
    const { id } = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
    expect(await store.accounts.claimInvite("hash", id, now + 10)).toBe(false);
    expect(await store.accounts.claimInvite("hash", id, now + 9)).toBe(true);
    expect(await store.accounts.claimInvite("hash", id, now + 9)).toBe(false);
  });

  test("is valid for its user only", async () => {
    await store.accounts.invite("one@example.com", "hash", now, now + 10);
    const other = await store.accounts.invite("two@example.com", "other", now, now + 10);
    expect(await store.accounts.claimInvite("hash", other.id, now)).toBe(false);
  });
});

describe("a credential in the store", () => {
  let user: User;
  beforeEach(async () => {
    user = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
  });

  const session = (credentialId: string) => ({ user, jkt: "jkt", credentialId, createdAt: now, expiresAt: now + 10 });
  const names = async () => (await store.credentials.ofUser(user.id)).map(({ name }) => name);

  test("is returned as it was stored", async () => {
    expect(await store.credentials.add(credential(user.id, "id"))).toBe("added");
    const stored = { ...credential(user.id, "id"), publicKey: expect.any(Uint8Array) as Uint8Array<ArrayBuffer> };
    const found = await store.credentials.find("id");
    expect(found).toEqual({ user, credential: stored, revocation: 0 });
    expect([...(found?.credential.publicKey ?? [])]).toEqual([1, 2, 3]);
    expect(await store.credentials.recordAssertion("id", 4_294_967_295, true, now + 5)).toBe(true);
    expect((await store.credentials.find("id"))?.credential).toMatchObject({
      counter: 4_294_967_295,
      backedUp: true,
      lastUsedAt: now + 5,
    });
  });

  test("accepts one of several records of the same counter, and none that goes back", async () => {
    await store.credentials.add({ ...credential(user.id, "id"), counter: 5 });
    const record = (counter: number) => store.credentials.recordAssertion("id", counter, false, now);
    expect((await Promise.all([record(6), record(6), record(6)])).filter(Boolean)).toHaveLength(1);
    expect([await record(6), await record(5), await record(0), await record(7)]).toEqual([false, false, false, true]);
  });

  test("is known to everybody by its id, to its user by its name", async () => {
    const other = await store.accounts.invite("two@example.com", "other", now, now + 10);
    await store.credentials.add(credential(user.id, "id"));
    expect(await store.credentials.add({ ...credential(other.id, "id"), name: "red" })).toBe("credential_known");
    expect(await store.credentials.add(credential(user.id, "id2"))).toBe("name_taken");
    expect(await store.credentials.add(credential(other.id, "id3"))).toBe("added");
  });

  test("is renamed by its user, to a name that is free or its own", async () => {
    const other = await store.accounts.invite("two@example.com", "other", now, now + 10);
    await store.credentials.add(credential(user.id, "one"));
    await store.credentials.add({ ...credential(user.id, "two"), name: "red" });
    expect(await store.credentials.rename(user.id, "one", "red")).toBe("name_taken");
    expect(await store.credentials.rename(user.id, "one", "blue")).toBe("renamed");
    expect(await store.credentials.rename(user.id, "one", "green")).toBe("renamed");
    expect(await store.credentials.rename(other.id, "one", "mine")).toBe("not_found");
    expect(await store.credentials.rename(user.id, "none", "x")).toBe("not_found");
    expect(await names()).toEqual(["green", "red"]);
  });

  test("gains a name that another one gains at once for one of them only", async () => {
    await store.credentials.add(credential(user.id, "one"));
    await store.credentials.add({ ...credential(user.id, "two"), name: "red" });
    const outcomes = await Promise.all(["one", "two"].map((id) => store.credentials.rename(user.id, id, "green")));
    expect(outcomes.toSorted()).toEqual(["name_taken", "renamed"]);
  });

  test("is kept when it is the last, unless the removal is forced", async () => {
    const other = await store.accounts.invite("two@example.com", "other", now, now + 10);
    await store.credentials.add(credential(user.id, "one"));
    await store.credentials.add(credential(other.id, "other"));
    expect(await store.credentials.remove(user.id, "one", false)).toBe("last");
    expect(await store.credentials.remove(user.id, "other", true)).toBe("not_found");
    expect(await store.credentials.remove(user.id, "one", true)).toBe("removed");
    expect(await store.credentials.remove(user.id, "one", true)).toBe("not_found");
    expect(await names()).toEqual([]);
  });

  test("is kept when the last two are removed at once, by one process or several", async () => {
    for (let round = 0; round < 10; round++) {
      await store.credentials.removeAll(user.id);
      await store.credentials.add(credential(user.id, "one"));
      await store.credentials.add({ ...credential(user.id, "two"), name: "red" });
      const second = await openStore(`sqlite:${path}`, { create: false, now });
      const outcomes = await Promise.all([
        store.credentials.remove(user.id, "one", false),
        second.credentials.remove(user.id, "two", false),
      ]);
      await second.close();
      expect(outcomes.toSorted()).toEqual(["last", "removed"]);
      expect(await names()).toHaveLength(1);
    }
  });

  test("ends the sessions that it opened when it is removed, and no others; none is opened by one that is gone", async () => {
    await store.credentials.add(credential(user.id, "one"));
    await store.credentials.add({ ...credential(user.id, "two"), name: "red" });
    expect(await store.sessions.add("first", session("one"))).toBe(true);
    expect(await store.sessions.add("second", session("two"))).toBe(true);
    expect(await store.sessions.countOpenedBy("one", now)).toBe(1);
    expect(await store.sessions.countOpenedBy("one", now + 10)).toBe(0);
    await store.credentials.remove(user.id, "one", false);
    expect(await store.sessions.find("first")).toBeUndefined();
    expect(await store.sessions.find("second")).toMatchObject({ credentialId: "two", revoked: false });
    expect(await store.sessions.add("late", session("one"))).toBe(false);
    expect(await store.sessions.find("late")).toBeUndefined();
  });

  test("opens no session of somebody else", async () => {
    const other = await store.accounts.invite("two@example.com", "other", now, now + 10);
    await store.credentials.add(credential(other.id, "other"));
    expect(await store.sessions.add("foreign", session("other"))).toBe(false);
  });
});

test("a database of the first version gets the machine's name, and its sessions live on without one", async () => {
  const user = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
  await store.credentials.add(credential(user.id, "key"));
  const session = { user, jkt: "j", credentialId: "key", createdAt: now, expiresAt: now + 1000 };
  await store.sessions.add("before", session);
  await store.close();
  const sql = new SQL({ adapter: "sqlite", filename: path });
  await sql`ALTER TABLE sessions DROP COLUMN client`;
  await sql`DELETE FROM schema_versions WHERE version > 1`;
  await sql.close();
  store = await openStore(`sqlite:${path}`, { create: false, now });
  await store.sessions.add("since", { ...session, createdAt: now + 1 }, "laptop");
  expect(await store.sessions.ofUser(user.id, now)).toMatchObject([
    { tokenHash: "before", client: undefined },
    { tokenHash: "since", client: "laptop" },
  ]);
});

test("expired rows are purged, and what may still be asked about stays a week", async () => {
  const user = await store.accounts.invite("dev@example.com", "hash", now, now + 10);
  await store.credentials.add(credential(user.id, "id"));
  await store.sessions.add("token", { user, jkt: "jkt", credentialId: "id", createdAt: now, expiresAt: now + 10 });
  await store.sessions.rememberProof("proof", now + 10);
  await store.ceremonies.add({
    id: "ceremony",
    type: "authentication",
    challenge: "c",
    expiresAt: now + 10,
  });
  const sql = new SQL({ adapter: "sqlite", filename: path });
  const rows = async () => {
    const [row] = await sql`SELECT
      (SELECT count(*) FROM ceremonies) AS ceremonies, (SELECT count(*) FROM dpop_proofs) AS proofs,
      (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM invites) AS invites,
      (SELECT count(*) FROM users) AS users`;
    return row;
  };
  const all = { ceremonies: 1, proofs: 1, sessions: 1, invites: 1, users: 1 };
  await store.purge(now + 9);
  expect(await rows()).toEqual(all);
  await store.purge(now + 10);
  expect(await rows()).toEqual({ ...all, ceremonies: 0, proofs: 0 });
  await store.purge(now + 10 + 7 * 24 * 3600);
  expect(await rows()).toEqual({ ...all, ceremonies: 0, proofs: 0, sessions: 0, invites: 0 });
  await sql.close();
});
