/** What both databases keep, give back and forget. */
import { beforeEach, describe, expect, test } from "bun:test";
import { defaultAudience, initializeServer } from "../../../../src/server/initialize.ts";
import { endWhatWasOpen } from "../../../../src/server/restored.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import type { User } from "../../../../src/server/store/people/user.ts";
import {
  credential,
  type MakeDatabase,
  now,
  open,
  plain,
  type TestDatabase,
  takeBackTo,
  openEach,
} from "./database.ts";

/** Declares the tests. */
export function keeps(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  openEach(make, (opened) => {
    ({ database, store } = opened);
  });

  test("a purge of many rows lets others have their turn between its batches", async () => {
    await database.sql`
    INSERT INTO dpop_proofs (id, expires_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    SELECT CASE WHEN n <= 19000 THEN ${`${now} `} ELSE ${`${now + 1} `} END || 'proof-' || n, CASE WHEN n <= 19000 THEN ${now} ELSE ${now + 1} END FROM numbers`;
    const state = { turns: 0, purging: true };
    const others = (async () => {
      for (; state.purging; state.turns++) await new Promise((resolve) => setImmediate(resolve));
    })();
    await store.purge(now);
    state.purging = false;
    await others;
    const [left] = await database.sql`SELECT count(*) AS number, min(expires_at) AS first FROM dpop_proofs`;
    expect(plain([left])).toEqual([{ number: 1000, first: now + 1 }]);
    expect(state.turns).toBeGreaterThan(30);
  });

  test("a restore ends every session, in batches, also those that its own clock takes for expired", async () => {
    const user = await store.accounts.invite("dev@example.com", "code", now, now + 60);
    await store.credentials.add(credential(user.id, "key"));
    await database.sql`
    INSERT INTO sessions (token_hash, user_id, jkt, credential_id, created_at, expires_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
    SELECT 'token-' || n, CAST(${user.id} AS TEXT), 'j', 'key', ${now} + n, CASE WHEN n <= 500 THEN ${now} ELSE ${now + 5000} END
    FROM numbers`;
    let transactions = 0;
    const transaction = store.transaction.bind(store);
    store.transaction = (work) => {
      transactions++;
      return transaction(work);
    };
    const restored = await endWhatWasOpen(store, "backup.db", now + 1);
    expect(restored).toMatchObject({ sessions: 2000, invites: 1 });
    const [left] = await database.sql`SELECT count(*) AS number FROM sessions WHERE revoked_at IS NULL`;
    expect(plain([left])).toEqual([{ number: 0 }]);
    expect(transactions).toBe(4);
    const entries = await store.audit.heads();
    expect(entries.map(({ number }) => number)).toEqual([1]);
  });

  test("a second revocation keeps the time of the first", async () => {
    const user = await store.accounts.invite("dev@example.com", "code", now, now + 60);
    await store.credentials.add(credential(user.id, "key"));
    const session = { user, jkt: "j", credentialId: "key", createdAt: now, expiresAt: now + 1000 };
    for (const token of ["one", "two", "three"]) await store.sessions.add(token, session);
    await store.sessions.revoke("one", now + 1);
    await store.sessions.revoke("one", now + 5);
    expect(await store.sessions.revokeAll(user.id, now + 3)).toBe(2);
    expect(await store.sessions.revokeAll(user.id, now + 7)).toBe(0);
    await store.sessions.revoke("three", now + 8);
    const rows = await database.sql`SELECT token_hash, revoked_at FROM sessions ORDER BY token_hash`;
    expect(plain(rows).map((row) => [row["token_hash"], row["revoked_at"]])).toEqual([
      ["one", now + 1],
      ["three", now + 3],
      ["two", now + 3],
    ]);
  });

  test("initialising the store again keeps the signing key and sets the audiences, and another URL is refused", async () => {
    await initializeServer(store, "https://vouch.example.com", [defaultAudience], now);
    const [key] = await store.signingKeys.all();
    await initializeServer(store, "https://vouch.example.com", ["a", "b"], now + 1);
    expect(await store.signingKeys.all()).toEqual([key!]);
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
        const second = await open(database, false);
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
    await takeBackTo(1, database.sql);
    store = await open(database, false);
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
    const rows = async () => {
      const [row] = await database.sql`SELECT
      (SELECT count(*) FROM ceremonies) AS ceremonies, (SELECT count(*) FROM dpop_proofs) AS proofs,
      (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM invites) AS invites,
      (SELECT count(*) FROM users) AS users`;
      return plain([row])[0];
    };
    const all = { ceremonies: 1, proofs: 1, sessions: 1, invites: 1, users: 1 };
    await store.purge(now + 9);
    expect(await rows()).toEqual(all);
    await store.purge(now + 10);
    expect(await rows()).toEqual({ ...all, ceremonies: 0, proofs: 0 });
    await store.purge(now + 10 + 7 * 24 * 3600);
    expect(await rows()).toEqual({ ...all, ceremonies: 0, proofs: 0, sessions: 0, invites: 0 });
  });

  test("keys of the same second, or added after the clock went back, are listed in the order in which they were added", async () => {
    const user = await store.accounts.invite("dev@example.com", "code", now, now + 10);
    for (const [index, id] of ["c", "a", "d", "b"].entries()) {
      await store.credentials.add({ ...credential(user.id, id, id), createdAt: index < 3 ? now : now - 60 });
    }
    const { credentials } = store;
    for (const list of [credentials.ofUser(user.id), credentials.between("", user.email)]) {
      expect((await list).map(({ id }) => id)).toEqual(["c", "a", "d", "b"]);
    }
  });

  test("people are listed by the bytes of their addresses, page by page", async () => {
    const emails = ["a-b@x.y", "a.b@x.y", "ab@x.y", "é@x.y", "zoe@x.y"];
    for (const email of emails.toReversed()) await store.accounts.invite(email, email, now, now + 10);
    const sorted = emails.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    expect((await store.accounts.users(now)).map(({ email }) => email)).toEqual(sorted);
    const page = await store.accounts.users(now, { after: sorted[1]!, limit: 2 });
    expect(page.map(({ email }) => email)).toEqual(sorted.slice(2, 4));
  });

  test("a ceremony is not found by any other text", async () => {
    await store.ceremonies.add({ id: "login", type: "authentication", challenge: "c", expiresAt: now + 9 });
    for (const id of ["", "login ", "login\0", "\0", "LOGIN", "\uD800", "%", "logi_"]) {
      expect(await store.ceremonies.take(id, "authentication")).toBeUndefined();
    }
    expect(await store.ceremonies.take("login", "addition")).toBeUndefined();
    expect(await store.ceremonies.take("login", "authentication")).toMatchObject({ challenge: "c" });
  });

  test("a transaction that throws leaves nothing behind", async () => {
    const failing = store.transaction(async ({ accounts }) => {
      await accounts.invite("dev@example.com", "code", now, now + 10);
      throw new Error("no");
    });
    expect(failing).rejects.toThrow("no");
    await failing.catch(() => undefined);
    expect(await store.accounts.users(now)).toEqual([]);
  });

  test("the readiness probe writes, again and again", async () => {
    for (const time of [now, now + 1]) await store.probe(time);
    const [row] = plain(await database.sql`SELECT expires_at FROM dpop_proofs WHERE id = 'readiness'`);
    expect(row).toEqual({ expires_at: now + 1 });
  });

  test("an older program goes on while a newer one adds to every table, and starts again", async () => {
    const user = await store.accounts.invite("dev@example.com", "code", now, now + 10);
    await store.credentials.add(credential(user.id, "key"));
    const session = { user, jkt: "j", credentialId: "key", createdAt: now, expiresAt: now + 1000 };
    const everything = async (round: number) => {
      await store.ceremonies.add({ id: "login", type: "authentication", challenge: "c", expiresAt: now + 9 });
      expect(await store.ceremonies.take("login", "authentication")).toBeDefined();
      expect(await store.accounts.findInvite("code")).toBeDefined();
      expect(await store.sessions.add(`token-${round}`, session)).toBe(true);
      expect(await store.sessions.find(`token-${round}`)).toBeDefined();
      expect(await store.sessions.ofUser(user.id, now)).toHaveLength(round);
      expect(await store.credentials.find("key")).toBeDefined();
      for (const list of [store.credentials.ofUser(user.id), store.credentials.between("", user.email)]) {
        expect(await list).toHaveLength(1);
      }
      expect(await store.sessions.rememberProof(`proof-${round}`, now)).toBe(true);
      expect(await store.accounts.users(now)).toHaveLength(1);
      await store.signingKeys.all();
      await store.transaction(async (tables) => tables.record({ event: "login" }));
      const [head] = await store.audit.heads();
      expect(head).toMatchObject({ number: round, sealed: 0 });
      await store.audit.markSealed("another", round);
      expect(await store.audit.removals()).toEqual([]);
      expect(await store.audit.page({ time: 0, chain: "", number: 0 }, 2 ** 40, 9)).toHaveLength(round);
      expect(await store.audit.ofChain(head!.chain, 0, 9)).toHaveLength(round);
      await store.transaction(async (tables) =>
        tables.credentials.recordAssertion("key", 4_294_967_294 + round, false, now),
      );
    };
    // Twice each: the statement is prepared by then.
    await everything(1);
    await everything(2);
    const tables = ["users", "invites", "credentials", "ceremonies", "sessions", "dpop_proofs", "signing_keys"];
    for (const table of [...tables, "audit_entries", "audit_chains"]) {
      await database.sql.unsafe(`ALTER TABLE ${table} ADD COLUMN newer BIGINT`);
    }
    await database.sql`INSERT INTO schema_versions (version, applied_at, needs) VALUES (98, ${now}, 3)`;
    await everything(3);
    await store.close();
    store = await open(database, false);
    await everything(4);
  });

  test("a program that the database no longer serves is refused", async () => {
    await database.sql`INSERT INTO schema_versions (version, applied_at, needs) VALUES (98, ${now}, 98)`;
    const error: unknown = await open(database, false).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "settings_invalid", hint: expect.stringContaining("newer Vouch") });
  });
}
