/** Sessions of the pages: what opens, finds, lists and ends them. */
import { expect, test } from "bun:test";
import { ClockGuard } from "../../../../src/server/clock-guard.ts";
import { endWhatWasOpen } from "../../../../src/server/restored.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { idleSeconds } from "../../../../src/server/store/people/page-sessions.ts";
import type { User } from "../../../../src/server/store/people/user.ts";
import { credential, type MakeDatabase, now, openEach } from "./database.ts";

/** Declares the tests. */
export function keepsPageSessions(make: MakeDatabase): void {
  let store: Store;
  let one: User;
  let other: User;
  openEach(make, async (opened) => {
    ({ store } = opened);
    [one, other] = [await person("one"), await person("other")];
  });

  /** A key, and a session of the pages by it and by single sign-on. */
  async function person(id: string): Promise<User> {
    const user = await store.accounts.invite(`${id}@example.com`, `${id}-code`, now, now + 100);
    await store.credentials.add(credential(user.id, `${id}-key`, "blue"));
    const session = { user, createdAt: now, expiresAt: now + 100 };
    await store.pageSessions.add(`${id}-by-key`, { ...session, method: "key", credentialId: `${id}-key` });
    await store.pageSessions.add(`${id}-by-sso`, { ...session, method: "sso", credentialId: undefined });
    return user;
  }

  const live = async (user: User) =>
    (await store.pageSessions.ofUser(user.id, now)).map(({ tokenHash }) => tokenHash).toSorted();

  test("is found as it was opened, and its use is noted, never backwards", async () => {
    const opened = {
      user: one,
      role: "member",
      method: "key",
      credentialId: "one-key",
      createdAt: now,
      usedAt: now,
    } as const;
    expect(await store.pageSessions.find("one-by-key")).toEqual({ ...opened, expiresAt: now + 100 });
    await store.pageSessions.use("one-by-key", now + 50);
    await store.pageSessions.use("one-by-key", now + 20);
    expect((await store.pageSessions.find("one-by-key"))?.usedAt).toBe(now + 50);
    expect(await store.pageSessions.ofUser(one.id, now + 100)).toEqual([]);
  });

  test("is not opened by a key that is another's or not there, nor by a key that is missing", async () => {
    const session = { user: one, method: "key", createdAt: now, expiresAt: now + 100 } as const;
    for (const credentialId of ["other-key", "nothing", undefined])
      expect(await store.pageSessions.add("new", { ...session, credentialId })).toBe(false);
    const nobody = { ...one, id: "nobody" };
    const sso = { ...session, user: nobody, method: "sso", credentialId: undefined } as const;
    expect(await store.pageSessions.add("new", sso)).toBe(false);
  });

  test("ends with a revocation of its person's sessions, and nobody else's", async () => {
    const ended = await store.transaction(({ sessions }) => sessions.revokeAll(one.id, now, "one-by-sso"));
    expect([ended, await live(one)]).toEqual([1, ["one-by-sso"]]);
    expect(await live(other)).toHaveLength(2);
    expect([await store.pageSessions.remove("other-by-sso"), await store.pageSessions.remove("x")]).toEqual([
      true,
      false,
    ]);
    expect(await live(other)).toEqual(["other-by-key"]);
  });

  test("is live until it is over or idle, and counted while it is: as many as a revocation ends", async () => {
    const session = { user: one, method: "key", createdAt: now, expiresAt: now + 10 * idleSeconds } as const;
    for (const name of ["used", "idle"]) await store.pageSessions.add(name, { ...session, credentialId: "one-key" });
    await store.pageSessions.use("used", now + 99);
    const later = now + idleSeconds;
    expect(await store.pageSessions.ofUser(one.id, later)).toMatchObject([
      { tokenHash: "used", keyName: "blue", method: "key" },
    ]);
    const counts = async (time: number) => [
      (await store.accounts.summary("one@example.com", time))?.sessions,
      (await store.accounts.users(time)).find(({ id }) => id === one.id)?.sessions,
      await store.sessions.countOpenedBy("one-key", time),
    ];
    expect(await counts(now)).toEqual([4, 4, 3]);
    expect(await counts(later)).toEqual([1, 1, 1]);
    expect(await store.transaction(({ sessions }) => sessions.revokeAll(one.id, later))).toBe(1);
    expect(await store.pageSessions.find("idle")).toBeUndefined();
    expect(await counts(later)).toEqual([0, 0, 0]);
  });

  test("ends with the removal of the key that opened it", async () => {
    await store.credentials.removeAll(one.id);
    expect([await live(one), await live(other)]).toEqual([["one-by-sso"], ["other-by-key", "other-by-sso"]]);
  });

  test("ends with a restore, with a clock that is far behind, and is purged when it is over", async () => {
    await store.purge(now + 99);
    expect(await live(one)).toHaveLength(2);
    await endWhatWasOpen(store, undefined, now);
    expect(await live(one)).toEqual([]);
    const session = {
      user: one,
      method: "sso",
      credentialId: undefined,
      createdAt: now,
      expiresAt: now + 100,
    } as const;
    await store.pageSessions.add("again", session);
    const said: string[] = [];
    const clock = (time: number) =>
      new ClockGuard(
        store,
        () => time,
        () => 0,
        (detail) => said.push(detail),
      );
    await clock(now).checkAtStart();
    expect(await live(one)).toEqual(["again"]);
    await clock(now - 86_400).checkAtStart();
    expect(await live(one)).toEqual([]);
    expect(said).toEqual([expect.stringContaining("ended 1 session")]);
    await store.pageSessions.add("again", session);
    await store.purge(now + 100);
    expect(await store.pageSessions.find("again")).toBeUndefined();
  });
}
