/** What two processes with the same database grant at the same time, each of many times over. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { defaultAudience, initializeServer } from "../../../../src/server/initialize.ts";
import type { Store, Transaction } from "../../../../src/server/store/store.ts";
import type { User } from "../../../../src/server/store/people/user.ts";
import { credential, type MakeDatabase, now, open, type TestDatabase } from "./database.ts";

/** Declares the tests. */
export function grantsOnce(make: MakeDatabase): void {
  let database: TestDatabase;
  let first: Store;
  let second: Store;
  let user: User;
  beforeEach(async () => {
    database = await make();
    first = await open(database);
    second = await open(database, false);
    user = await first.accounts.invite("dev@example.com", "code", now, now + 100);
  });
  afterEach(async () => {
    await first.close();
    await second.close();
    await database.remove();
  });

  /** Twenty of each process at once. */
  const everywhere = async <Result>(act: (store: Store, index: number) => Promise<Result>) =>
    await Promise.all(Array.from({ length: 40 }, async (_, index) => act(index % 2 === 0 ? first : second, index)));
  const session = (credentialId: string) => ({ user, jkt: "j", credentialId, createdAt: now, expiresAt: now + 100 });

  test("a ceremony is taken by one of many", async () => {
    await first.ceremonies.add({ id: "login", type: "authentication", challenge: "c", expiresAt: now + 9 });
    const taken = await everywhere((store) => store.ceremonies.take("login", "authentication"));
    expect(taken.filter((each) => each !== undefined)).toHaveLength(1);
  });

  test("a proof is new to one of many", async () => {
    const known = await everywhere((store) => store.sessions.rememberProof("proof", now + 9));
    expect(known.filter(Boolean)).toHaveLength(1);
  });

  test("a code is claimed by one of many, with the key that comes with it", async () => {
    const enrolled = await everywhere((store, index) =>
      store.transaction(async ({ accounts, credentials }) => {
        if (!(await accounts.claimInvite("code", user.id, now))) return false;
        return (await credentials.add(credential(user.id, `key-${index}`))) === "added";
      }),
    );
    expect(enrolled.filter(Boolean)).toHaveLength(1);
    expect(await first.credentials.ofUser(user.id)).toHaveLength(1);
  });

  test("an assertion's counter is recorded by one of many, with the session that it opens", async () => {
    await first.credentials.add({ ...credential(user.id, "key"), counter: 5 });
    const opened = await everywhere((store, index) =>
      store.transaction(async ({ credentials, sessions }) => {
        if (!(await credentials.recordAssertion("key", 6, false, now))) return false;
        return await sessions.add(`token-${index}`, session("key"));
      }),
    );
    expect(opened.filter(Boolean)).toHaveLength(1);
    expect(await first.sessions.ofUser(user.id, now)).toHaveLength(1);
  });

  test("two people's logins and one person's many do not get in each other's way", async () => {
    await first.credentials.add({ ...credential(user.id, "key"), counter: 0 });
    const opened = await everywhere((store, index) =>
      store.transaction(async ({ credentials, sessions }) => {
        const found = await credentials.find("key");
        if (found === undefined || !(await credentials.recordAssertion("key", 0, false, now))) return false;
        return await sessions.add(`token-${index}`, session("key"));
      }),
    );
    expect(opened.filter(Boolean)).toHaveLength(40);
    expect(await first.sessions.ofUser(user.id, now)).toHaveLength(40);
  });

  test("keys that are added at once have a name and a place in the list each", async () => {
    await everywhere((store, index) =>
      store.credentials.add(credential(user.id, `key-${index}`, `name-${index % 20}`)),
    );
    const kept = await first.credentials.ofUser(user.id);
    expect(new Set(kept.map(({ name }) => name)).size).toBe(20);
    expect(kept).toHaveLength(20);
  });

  /** Two transactions: each reads what the other writes before either may commit, if the database lets them. */
  async function crossing(
    one: [(tables: Transaction) => Promise<unknown>, (tables: Transaction) => Promise<unknown>],
    other: [(tables: Transaction) => Promise<unknown>, (tables: Transaction) => Promise<unknown>],
  ): Promise<unknown[]> {
    const run = async (store: Store, [look, change]: typeof one) =>
      await store.transaction(async (tables) => ((await look(tables)) === true ? await change(tables) : "refused"));
    return await Promise.all([run(first, one), run(second, other)]);
  }

  test("no session outlives a revocation that ran at the same time", async () => {
    await first.credentials.add({ ...credential(user.id, "key"), counter: 0 });
    for (let round = 0; round < 20; round++) {
      const before = (await first.credentials.find("key"))!.revocation;
      await crossing(
        [
          async ({ credentials }) => (await credentials.find("key"))?.revocation === before,
          async ({ sessions }) => sessions.add(`token-${round}`, session("key")),
        ],
        [async () => true, async ({ sessions }) => sessions.revokeAll(user.id, now)],
      );
      const live = await first.sessions.ofUser(user.id, now);
      const { revocation } = (await first.credentials.find("key"))!;
      expect(revocation).toBe(before + 1);
      // Opened before the revocation, it was ended by it; after it, it was refused.
      expect(live).toEqual([]);
    }
  });

  test("nobody disabled enrols, whatever ran at the same time", async () => {
    for (let round = 0; round < 20; round++) {
      const code = `code-${round}`;
      await first.accounts.setDisabled(user.id, undefined);
      await first.accounts.invite("dev@example.com", code, now, now + 100);
      const [added, withdrawn] = await crossing(
        [
          async ({ accounts }) => (await accounts.findInvite(code))?.user.disabled === false,
          async ({ credentials }) => credentials.add(credential(user.id, code, code)),
        ],
        [
          async () => true,
          async ({ accounts, credentials }) => {
            await accounts.setDisabled(user.id, now);
            return await credentials.removeAll(user.id);
          },
        ],
      );
      expect(["added", "refused"]).toContain(added as string);
      expect(added === "added" ? withdrawn : 0).toBe(added === "added" ? 1 : 0);
      expect(await first.credentials.ofUser(user.id)).toEqual([]);
    }
  });

  test("one of two last keys stays when both are removed at once", async () => {
    for (let round = 0; round < 20; round++) {
      await first.credentials.removeAll(user.id);
      await first.credentials.add(credential(user.id, "one"));
      await first.credentials.add(credential(user.id, "two", "red"));
      const outcomes = await Promise.all([
        first.credentials.remove(user.id, "one", false),
        second.credentials.remove(user.id, "two", false),
      ]);
      expect(outcomes.toSorted()).toEqual(["last", "removed"]);
    }
  });

  test("processes that initialise an empty database at once agree on one signing key", async () => {
    await everywhere((store) => initializeServer(store, "https://vouch.example.com", undefined, now));
    expect(await first.signingKeys.all()).toHaveLength(1);
    expect(await second.configuration.load()).toEqual({
      url: "https://vouch.example.com",
      audiences: [defaultAudience],
    });
  });
}
