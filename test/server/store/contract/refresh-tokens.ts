/** Refresh tokens of the identity provider: one server at a time uses them, and what becomes of them with their key. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Secret } from "../../../../src/base/secret.ts";
import { endWhatWasOpen } from "../../../../src/server/restored.ts";
import { localKek } from "../../../../src/server/signing/local-kek.ts";
import { dropRefreshTokens, encryptRefreshTokens } from "../../../../src/server/sso/recheck/kept-tokens.ts";
import { decryptRefreshToken, encryptRefreshToken } from "../../../../src/server/sso/recheck/refresh-token.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { type MakeDatabase, now, open, type TestDatabase } from "./database.ts";

const issuer = "https://login.example.com";
const serverUrl = "https://vouch.example.com";
const identity = { issuer, subject: "sub-1" };
const one = await localKek(new Secret(new Uint8Array(32).fill(1)));
const other = await localKek(new Secret(new Uint8Array(32).fill(2)));

/** Declares the tests. */
export function keepsRefreshTokens(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  let second: Store;
  let userId: string;
  beforeEach(async () => {
    database = await make();
    store = await open(database);
    second = await open(database, false);
    userId = (await store.accounts.add("dev@example.com", now))!.id;
    await store.identities.add(identity, userId, now);
  });
  afterEach(async () => {
    await store.close();
    await second.close();
    await database.remove();
  });

  const state = () => store.identities.recheckOf(userId, issuer);
  const kept = (refreshToken: string) => ({ ...identity, refreshToken });

  test("belong to the identity of the last sign-on, which confirms the person", async () => {
    expect(await state()).toBeUndefined();
    await store.identities.seen(identity, now, "first");
    const first = { ...identity, refreshToken: "first", confirmedAt: now, refusedAt: undefined };
    expect(await state()).toEqual(first);
    await store.identities.seen(identity, now + 1);
    expect(await state()).toEqual({ ...first, confirmedAt: now + 1 });
    await store.identities.add({ issuer, subject: "sub-2" }, userId, now);
    expect(await state()).toMatchObject({ subject: "sub-1" });
    await store.identities.seen({ issuer, subject: "sub-2" }, now + 2);
    expect(await state()).toMatchObject({ subject: "sub-2", refreshToken: undefined });
    expect(await store.identities.recheckOf(userId, "https://login.example.org")).toBeUndefined();
  });

  test("are reserved by one of several servers, until it is done or its time has ended", async () => {
    await store.identities.seen(identity, now, "first");
    const reserve = (at: Store, time: number) => at.identities.reserve(kept("first"), time, time + 60);
    const reserved = await Promise.all([store, second, store, second].map((at) => reserve(at, now)));
    expect(reserved.filter(Boolean)).toHaveLength(1);
    expect(await reserve(second, now + 59)).toBe(false);
    expect(await reserve(second, now + 60)).toBe(true);
    expect(await store.identities.release(kept("first"), "next", { confirmed: now + 61 })).toBe(userId);
    expect(await reserve(store, now + 62)).toBe(false);
    expect(await store.identities.reserve(kept("next"), now + 62, now + 122)).toBe(true);
    expect(await state()).toMatchObject({ refreshToken: "next", confirmedAt: now + 61 });
  });

  test("keep a refusal until the provider confirms the person, or they sign on", async () => {
    await store.identities.seen(identity, now, "first");
    await store.identities.release(kept("first"), "second", { refused: now + 1 });
    await store.identities.release(kept("second"), "third", { refused: now + 2 });
    await store.identities.release(kept("third"), "fourth");
    expect(await state()).toMatchObject({ refreshToken: "fourth", confirmedAt: now, refusedAt: now + 1 });
    await store.identities.release(kept("fourth"), "fifth", { confirmed: now + 3 });
    expect(await state()).toMatchObject({ confirmedAt: now + 3, refusedAt: undefined });
    await store.identities.release(kept("fifth"), undefined, { refused: now + 4 });
    expect(await state()).toMatchObject({ refreshToken: undefined, refusedAt: now + 4 });
    await store.identities.seen(identity, now + 5, "sixth");
    expect(await state()).toMatchObject({ refreshToken: "sixth", refusedAt: undefined });
  });

  test("that a sign-on has replaced are not put back by what was said of those before", async () => {
    await store.identities.seen(identity, now, "first");
    await store.identities.reserve(kept("first"), now, now + 60);
    await store.identities.seen(identity, now, "of the sign-on");
    expect(await store.identities.release(kept("first"), undefined, { refused: now })).toBeUndefined();
    expect(await state()).toMatchObject({ refreshToken: "of the sign-on", refusedAt: undefined });
    expect(await store.identities.reserve(kept("of the sign-on"), now, now + 60)).toBe(true);
  });

  test("stay after a restore, where nobody counts as confirmed any more, and refusals stay", async () => {
    await store.identities.seen(identity, now, "first");
    await store.identities.reserve(kept("first"), now, now + 60);
    await endWhatWasOpen(store, "backup.db", now);
    expect(await state()).toMatchObject({ refreshToken: "first", confirmedAt: undefined });
    expect(await store.identities.reserve(kept("first"), now, now + 60)).toBe(true);
    await store.identities.release(kept("first"), undefined, { refused: now });
    await endWhatWasOpen(store, "backup.db", now);
    expect(await state()).toMatchObject({ refusedAt: now });
  });

  async function manyTokens(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const each = { issuer, subject: `many-${index}` };
      await store.identities.add(each, userId, now);
      const token = new Secret(`token ${index}`);
      const text = await encryptRefreshToken(token, { server: serverUrl, ...each }, one);
      await store.identities.seen(each, now, text);
    }
  }

  async function all() {
    const found = [];
    for (let page = await store.identities.refreshTokens(); page.length > 0;) {
      found.push(...page);
      page = await store.identities.refreshTokens(page.at(-1));
    }
    return found;
  }

  test("are all encrypted under another key, but those that a server uses just now", async () => {
    await manyTokens(205);
    const [used] = await all();
    await store.identities.reserve(used!, store.now(), store.now() + 60);
    const done = await encryptRefreshTokens(store, serverUrl, { from: one, to: other });
    expect(done).toEqual({ encrypted: 204, left: 1 });
    const opened = [];
    for (const each of await all()) {
      const { refreshToken, ...of } = each;
      if (of.subject === used!.subject) continue;
      opened.push((await decryptRefreshToken(refreshToken, { server: serverUrl, ...of }, other)).expose());
    }
    expect(new Set(opened).size).toBe(204);
    expect(await encryptRefreshTokens(store, serverUrl, { from: undefined, to: other })).toEqual({
      encrypted: 0,
      left: 1,
    });
  });

  test("whose key is lost are dropped, and those of the key that there is stay", async () => {
    await manyTokens(3);
    expect(await dropRefreshTokens(store, one)).toBe(0);
    expect(await dropRefreshTokens(store, other)).toBe(3);
    expect(await all()).toEqual([]);
    await store.identities.seen(identity, now, "none that is read");
    expect(await dropRefreshTokens(store, undefined)).toBe(1);
  });
}
