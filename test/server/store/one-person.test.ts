/** Every statement about one person leaves a second, who has the same of everything, as they were. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { openStore, type Store } from "../../../src/server/store/store.ts";
import type { User } from "../../../src/server/store/user.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const now = 1_800_000_000;
let folder: string;
let path: string;
let store: Store;
let one: User;
let other: User;
beforeEach(async () => {
  folder = tempFolderUntil(onTestFinished);
  path = join(folder, "vouch.db");
  store = await openStore(`sqlite:${path}`, { create: true, now });
  [one, other] = [await person("one"), await person("other")];
});
afterEach(async () => {
  await store.close();
});

/** Two keys, "blue" and "red", a session by each, an open code and an addition that has begun. */
async function person(id: string): Promise<User> {
  const user = await store.accounts.invite(`${id}@example.com`, `${id}-code`, now, now + 100);
  for (const name of ["blue", "red"]) {
    await store.credentials.add({
      id: `${id}-${name}`,
      userId: user.id,
      publicKey: new Uint8Array([1]),
      counter: 5,
      aaguid: "07070707-0707-0707-0707-070707070707",
      product: undefined,
      transports: [],
      backupEligible: false,
      backedUp: false,
      name,
      createdAt: now,
      lastUsedAt: undefined,
    });
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
function rows(user: User): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  const all = Object.fromEntries(
    ["users", "invites", "credentials", "sessions", "ceremonies"].map((table) => {
      const column = table === "users" ? "id" : "user_id";
      return [table, database.query(`SELECT * FROM ${table} WHERE ${column} = '${user.id}' ORDER BY 1`).all()];
    }),
  );
  database.close();
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
  const [mine, others] = [rows(one), rows(other)];
  const result = await change();
  if (outcome !== undefined) expect(result).toEqual(outcome);
  expect(rows(one)).not.toEqual(mine);
  expect(rows(other)).toEqual(others);
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
  const [mine, others] = [rows(one), rows(other)];
  expect(await change()).toEqual(outcome);
  expect({ mine: rows(one), others: rows(other) }).toEqual({ mine, others });
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
  // The last key of one is the last, however many others have.
  await store.credentials.remove(one.id, "one-blue", false);
  expect(await store.credentials.remove(one.id, "one-red", false)).toBe("last");
});

test("a session that has ended keeps its time, and revocations are numbered in sequence", async () => {
  await store.sessions.revokeAll(one.id, now + 1);
  await store.sessions.revoke("one-blue", now + 50);
  await store.sessions.revokeAll(one.id, now + 60);
  const times = (rows(one)["sessions"] as { revoked_at: number }[]).map(({ revoked_at }) => revoked_at);
  expect(times).toEqual([now + 1, now + 1]);
  await store.sessions.revokeAll(other.id, now);
  expect((await store.credentials.find("one-blue"))?.revocation).toBe(2);
  expect((await store.credentials.find("other-blue"))?.revocation).toBe(3);
  await store.ceremonies.add({ id: "login", type: "authentication", challenge: "c", expiresAt: now + 9 });
  expect(await store.ceremonies.take("login", "authentication")).toMatchObject({ revocation: 3 });
});
