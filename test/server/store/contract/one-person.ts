/** Every statement about one person leaves a second, who has the same of everything, as they were. */
import { expect, test } from "bun:test";
import type { Store } from "../../../../src/server/store/store.ts";
import type { User } from "../../../../src/server/store/people/user.ts";
import { credential, type MakeDatabase, now, plain, type TestDatabase, openEach } from "./database.ts";

/** Declares the tests. */
export function changesOnePerson(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  let one: User;
  let other: User;
  openEach(make, async (opened) => {
    ({ database, store } = opened);
    [one, other] = [await person("one"), await person("other")];
  });

  /** Two keys, "blue" and "red", a session by each, an open code and an addition that has begun. */
  async function person(id: string): Promise<User> {
    const user = await store.accounts.invite(`${id}@example.com`, `${id}-code`, now, now + 100);
    for (const name of ["blue", "red"]) {
      await store.credentials.add({ ...credential(user.id, `${id}-${name}`, name), counter: 5 });
      const session = { user, jkt: "jkt", credentialId: `${id}-${name}`, createdAt: now, expiresAt: now + 100 };
      await store.sessions.add(`${id}-${name}`, session);
    }
    await store.ceremonies.add({
      id: `${id}-add`,
      type: "addition",
      challenge: "c",
      userId: user.id,
      expiresAt: now + 9,
    });
    return user;
  }

  /** Every row that is about the person. */
  async function rows(user: User): Promise<Record<string, Record<string, unknown>[]>> {
    const all: Record<string, Record<string, unknown>[]> = {};
    for (const table of ["users", "invites", "credentials", "sessions", "ceremonies"]) {
      const column = table === "users" ? "id" : "user_id";
      all[table] = plain(await database.sql.unsafe(`SELECT * FROM ${table} WHERE ${column} = '${user.id}' ORDER BY 1`));
    }
    return all;
  }

  test.each<[string, () => Promise<unknown>, unknown]>([
    ["a new invite", () => store.accounts.invite("one@example.com", "new", now, now + 50), undefined],
    ["a claimed invite", () => store.accounts.claimInvite("one-code", one.id, now), true],
    ["withdrawn invites", () => store.accounts.removeInvites(one.id), undefined],
    ["disabling", () => store.accounts.setDisabled(one.id, now), true],
    ["ended sessions", () => store.sessions.revokeAll(one.id, now), 2],
    ["one ended session", () => store.sessions.revoke("one-blue", now), undefined],
    ["a counted assertion", () => store.credentials.recordAssertion("one-blue", 6, true, now), true],
    ["a new name", () => store.credentials.rename(one.id, "one-blue", "green"), "renamed"],
    ["a removed key", () => store.credentials.remove(one.id, "one-blue", false), "removed"],
    ["removed keys", () => store.credentials.removeAll(one.id), 2],
    ["a ceremony that is taken", () => store.ceremonies.take("one-add", "addition"), expect.anything()],
  ])("this changes rows of that person alone: %s", async (_name, change, outcome) => {
    const [mine, others] = [await rows(one), await rows(other)];
    const result = await change();
    if (outcome !== undefined) expect(result).toEqual(outcome);
    expect(await rows(one)).not.toEqual(mine);
    expect(await rows(other)).toEqual(others);
  });

  test.each<[string, () => Promise<unknown>, unknown]>([
    ["another's code", () => store.accounts.claimInvite("other-code", one.id, now), false],
    ["another's key, renamed", () => store.credentials.rename(one.id, "other-blue", "mine"), "not_found"],
    ["another's key, removed", () => store.credentials.remove(one.id, "other-blue", true), "not_found"],
    [
      "another's key, opening a session",
      () =>
        store.sessions.add("x", { user: one, jkt: "j", credentialId: "other-red", createdAt: now, expiresAt: now + 9 }),
      false,
    ],
    ["the name of another's key", () => store.credentials.rename(one.id, "one-blue", "red"), "name_taken"],
  ])("%s is not a person's to change", async (_name, change, outcome) => {
    const [mine, others] = [await rows(one), await rows(other)];
    expect(await change()).toEqual(outcome);
    expect({ mine: await rows(one), others: await rows(other) }).toEqual({ mine, others });
  });

  test("what is listed and counted for a person is that person's", async () => {
    expect((await store.credentials.ofUser(one.id)).map(({ id }) => id)).toEqual(["one-blue", "one-red"]);
    expect(await store.sessions.countOpenedBy("one-blue", now)).toBe(1);
    await store.sessions.revoke("one-blue", now);
    await store.accounts.removeInvites(one.id);
    expect(await store.accounts.users(now)).toMatchObject([
      { email: "one@example.com", sessions: 1, inviteExpiresAt: undefined },
      { email: "other@example.com", sessions: 2, inviteExpiresAt: now + 100 },
    ]);
    const invite = { user: other, isFirst: false, createdAt: now, expiresAt: now + 100 };
    expect(await store.accounts.openInvites({ expiresAt: now, userId: "~" }, 10)).toEqual([invite]);
    expect(await store.accounts.openInvites({ expiresAt: now + 100, userId: other.id }, 10)).toEqual([]);
    // The last key of one is the last, however many others have.
    await store.credentials.remove(one.id, "one-blue", false);
    expect(await store.credentials.remove(one.id, "one-red", false)).toBe("last");
  });

  test("a session that has ended keeps its time, and revocations are numbered in sequence", async () => {
    await store.sessions.revokeAll(one.id, now + 1);
    await store.sessions.revoke("one-blue", now + 50);
    await store.sessions.revokeAll(one.id, now + 60);
    const times = (await rows(one))["sessions"]!.map((row) => row["revoked_at"]);
    expect(times).toEqual([now + 1, now + 1]);
    await store.sessions.revokeAll(other.id, now);
    expect((await store.credentials.find("one-blue"))?.revocation).toBe(2);
    expect((await store.credentials.find("other-blue"))?.revocation).toBe(3);
    await store.ceremonies.add({ id: "login", type: "authentication", challenge: "c", expiresAt: now + 9 });
    expect(await store.ceremonies.take("login", "authentication")).toMatchObject({ revocation: 3 });
  });
}
