/** Identities, sign-ons and logins in the browser under way, and who was ever enrolled. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { endWhatWasOpen } from "../../../../src/server/restored.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { credential, type MakeDatabase, now, open, takeBackTo, type TestDatabase } from "./database.ts";

const identity = { issuer: "https://login.example.com", subject: "Sub-1" };
const signOn = {
  stateHash: "state",
  browserHash: "browser",
  nonce: "nonce",
  verifier: "verifier",
  purpose: "enroll",
  expiresAt: now + 600,
} as const;

/** Declares the tests. */
export function signsOn(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = await make();
    store = await open(database);
  });
  afterEach(async () => {
    await store.close();
    await database.remove();
  });

  test("an identity is one person's, by issuer and subject as they are written", async () => {
    const dev = (await store.accounts.add("dev@example.com", now))!;
    const other = (await store.accounts.add("other@example.com", now))!;
    expect(await store.accounts.add("dev@example.com", now)).toBeUndefined();
    expect(await store.identities.add(identity, dev.id, now)).toBe(true);
    expect(await store.identities.add(identity, other.id, now)).toBe(false);
    expect(await store.identities.find(identity)).toEqual(dev);
    expect(await store.identities.find({ ...identity, subject: "sub-1" })).toBeUndefined();
    expect(await store.identities.find({ ...identity, issuer: "https://login.example.org" })).toBeUndefined();
    await store.identities.seen(identity, now + 5);
    expect(await store.identities.ofUser(dev.id)).toEqual([{ ...identity, createdAt: now, lastSeenAt: now + 5 }]);
    expect(await store.identities.remove(identity, other.id)).toBe(false);
    expect(await store.identities.remove(identity, dev.id)).toBe(true);
    expect(await store.identities.find(identity)).toBeUndefined();
  });

  test("a sign-on is taken once, by its browser, also at the same time; a restore drops it", async () => {
    await store.signOns.add(signOn);
    expect(await store.signOns.take("state", "another")).toBeUndefined();
    const taken = await Promise.all([1, 2, 3].map(() => store.signOns.take("state", "browser")));
    expect(taken.filter((each) => each !== undefined)).toEqual([signOn]);
    await store.signOns.add(signOn);
    await endWhatWasOpen(store, "backup.db", now);
    expect(await store.signOns.take("state", "browser")).toBeUndefined();
  });

  test("a pushed request is found as often as it is asked for, and taken once; a purge and a restore drop it", async () => {
    const { pushedRequests } = store;
    const request = { challenge: "c", jkt: "j", address: "192.0.2.7", createdAt: now, expiresAt: now + 600 };
    const carried = { ...request, redirectUri: "http://127.0.0.1:1/callback", state: "s", client: "laptop" };
    await pushedRequests.add("carried", carried);
    expect([await pushedRequests.find("carried"), await pushedRequests.find("carried")]).toEqual([carried, carried]);
    const taken = await Promise.all([1, 2, 3].map(() => pushedRequests.take("carried")));
    expect(taken.filter((each) => each !== undefined)).toEqual([carried]);
    await pushedRequests.add("typed", request);
    await pushedRequests.add("later", { ...request, expiresAt: now + 601 });
    await store.purge(now + 600);
    expect([await pushedRequests.find("typed"), await pushedRequests.find("later")]).toEqual([
      undefined,
      { ...request, expiresAt: now + 601 },
    ]);
    await endWhatWasOpen(store, "backup.db", now);
    expect(await pushedRequests.find("later")).toBeUndefined();
  });

  test("a purge deletes sign-ons that have expired, and no others", async () => {
    await store.signOns.add(signOn);
    await store.signOns.add({ ...signOn, stateHash: "later", expiresAt: now + 601 });
    await store.purge(now + 600);
    expect(await store.signOns.take("state", "browser")).toBeUndefined();
    expect(await store.signOns.take("later", "browser")).toBeDefined();
  });

  test("who has had a key stays enrolled after the last was removed, by one and by all", async () => {
    for (const remove of ["one", "all"]) {
      const { id } = (await store.accounts.add(`${remove}@example.com`, now))!;
      expect(await store.accounts.hasEnrolled(id)).toBe(false);
      await store.credentials.add(credential(id, remove));
      expect(await store.accounts.hasEnrolled(id)).toBe(true);
      await (remove === "all" ? store.credentials.removeAll(id) : store.credentials.remove(id, remove, true));
      expect(await store.credentials.ofUser(id)).toEqual([]);
      expect(await store.accounts.hasEnrolled(id)).toBe(true);
    }
  });

  test("a key that a replica of an older version has added marks its person when it is removed", async () => {
    const { id } = (await store.accounts.add("dev@example.com", now))!;
    await store.credentials.add(credential(id, "key"));
    await database.sql`UPDATE users SET enrolled_at = NULL`;
    expect(await store.accounts.hasEnrolled(id)).toBe(true);
    await store.credentials.remove(id, "key", true);
    expect(await store.accounts.hasEnrolled(id)).toBe(true);
  });

  test("people of an older database are enrolled if they have a key, or the audit log knows of one", async () => {
    const people = await Promise.all(
      ["key", "log", "new"].map(async (name) => (await store.accounts.add(`${name}@example.com`, now))!),
    );
    const [withKey, inLog] = people;
    await store.credentials.add(credential(withKey!.id, "key"));
    await store.transaction(({ record }) => record({ event: "enrol", user: inLog! }));
    await store.transaction(({ record }) => record({ event: "invite", user: people[2]! }));
    await takeBackTo(6, database.sql);
    await store.close();
    store = await open(database);
    const enrolled = await Promise.all(people.map(({ id }) => store.accounts.hasEnrolled(id)));
    expect(enrolled).toEqual([true, true, false]);
  });
}
