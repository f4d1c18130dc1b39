/** Encryption of the signing keys in either database. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Secret } from "../../../../src/base/secret.ts";
import { initializeServer } from "../../../../src/server/initialize.ts";
import { encryptKeys } from "../../../../src/server/signing/encrypt.ts";
import { KeyRing } from "../../../../src/server/signing/key-ring.ts";
import { publishedSeconds } from "../../../../src/server/signing/life-cycle.ts";
import { localKek } from "../../../../src/server/signing/local-kek.ts";
import type { KeyProtector } from "../../../../src/server/signing/protection.ts";
import { rotate, rotateIfDue } from "../../../../src/server/signing/rotation.ts";
import { keyMaker, unprotectKey } from "../../../../src/server/signing/signing-key.ts";
import { SigningUnavailableError } from "../../../../src/server/signing/unavailable.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { rejection } from "../../../rejection.ts";
import { type MakeDatabase, now, open, type TestDatabase } from "./database.ts";

const issuer = "https://vouch.example.com";
const one = await localKek(new Secret(new Uint8Array(32).fill(1)));
const other = await localKek(new Secret(new Uint8Array(32).fill(2)));
const makeWith = (protector: KeyProtector | undefined) => keyMaker(issuer, protector);

/** Declares the tests. */
export function encryptsSigningKeys(make: MakeDatabase): void {
  let database: TestDatabase;
  let store: Store;
  let second: Store;
  beforeEach(async () => {
    database = await make();
    store = await open(database);
    second = await open(database, false);
  });
  afterEach(async () => {
    await store.close();
    await second.close();
    await database.remove();
  });

  const start = (protector: KeyProtector | undefined) => KeyRing.open({ store, issuer, protector, now: () => now });
  const opened = async (protector: KeyProtector) =>
    Promise.all((await store.signingKeys.all()).map((key) => unprotectKey(key, issuer, protector)));
  const needs = async () => {
    const [row] = await database.sql`SELECT max(needs) AS needs FROM schema_versions`;
    return Number(row.needs);
  };

  test("a server that is made with a key-encryption key has no key in clear text, and older programs are shut out", async () => {
    await initializeServer(store, issuer, undefined, now, makeWith(one));
    const [key] = await store.signingKeys.all();
    expect(JSON.parse(key!.jwk)).not.toHaveProperty("d");
    expect(await needs()).toBe(4);
    // Repeating it without one makes no other key.
    await initializeServer(second, issuer, undefined, now);
    expect(await store.signingKeys.all()).toEqual([key!]);
    expect((await start(one)).signer().kid).toBe(key!.kid);
  });

  test("a server without the key, or with another one, does not start, and changes nothing", async () => {
    await initializeServer(store, issuer, undefined, now, makeWith(one));
    const before = await store.signingKeys.all();
    expect(await rejection(start(undefined))).toMatchObject({
      code: "settings_missing",
      hint: expect.stringContaining("--key-encryption-key"),
    });
    expect(await rejection(start(other))).toMatchObject({ code: "settings_invalid" });
    for (const wrong of [undefined, other]) {
      expect(await rejection(rotate(store, now + 1, makeWith(wrong)))).toMatchObject({ code: "settings_invalid" });
      const due = rotateIfDue(store, now + 90 * 24 * 3600, 90 * 24 * 3600, makeWith(wrong));
      expect(await rejection(due)).toMatchObject({ code: "settings_invalid" });
      const changed = encryptKeys(store, issuer, { from: wrong, to: await localKek(new Secret(new Uint8Array(32))) });
      expect((await rejection(changed)).code).toStartWith("settings_");
    }
    expect(await store.signingKeys.all()).toEqual(before);
  });

  test("keys in clear text go on with a key-encryption key, are encrypted when asked, and stay the same keys", async () => {
    await initializeServer(store, issuer, undefined, now);
    await rotate(store, now + 1, makeWith(undefined));
    const before = await store.signingKeys.all();
    expect((await start(one)).signer().kid).toBe(before[0]!.kid);
    expect((await encryptKeys(store, issuer, { from: undefined, to: one })).map(({ kid }) => kid)).toEqual(
      before.map(({ kid }) => kid),
    );
    const after = await second.signingKeys.all();
    for (const { jwk } of after) expect(JSON.parse(jwk)).not.toHaveProperty("d");
    expect(after.map(({ kid, publishedAt, signsFrom }) => ({ kid, publishedAt, signsFrom }))).toEqual(
      before.map(({ kid, publishedAt, signsFrom }) => ({ kid, publishedAt, signsFrom })),
    );
    expect((await opened(one)).map(({ jwk }) => JSON.parse(jwk))).toEqual(before.map(({ jwk }) => JSON.parse(jwk)));
    expect(await needs()).toBe(4);
    // Again: nothing is left to do.
    expect(await encryptKeys(store, issuer, { from: undefined, to: one })).toEqual([]);
    expect(await second.signingKeys.all()).toEqual(after);
  });

  test("the key-encryption key is changed while a server runs, which goes on, and starts with the new one", async () => {
    await initializeServer(store, issuer, undefined, now, makeWith(one));
    const ring = await start(one);
    const { kid } = ring.signer();
    expect(await encryptKeys(second, issuer, { from: one, to: other })).toHaveLength(1);
    await ring.refresh();
    expect(ring.signer().kid).toBe(kid);
    expect((await start(other)).signer().kid).toBe(kid);
    expect(await rejection(start(one))).toMatchObject({ code: "settings_invalid" });
    // The server that has the old one still makes no key that the others could not open.
    const due = rotateIfDue(store, now + 90 * 24 * 3600, 90 * 24 * 3600, makeWith(one));
    expect(await rejection(due)).toMatchObject({ code: "settings_invalid" });
  });

  test("encrypting while keys change encrypts all of them or none", async () => {
    await initializeServer(store, issuer, undefined, now);
    for (let round = 0; round < 10; round++) {
      await Promise.allSettled([
        encryptKeys(store, issuer, { from: undefined, to: one }),
        rotate(second, now + round * 10, makeWith(undefined), { immediately: true }),
        rotate(second, now + round * 10, makeWith(one), { immediately: true }),
      ]);
      const inClearText = (await store.signingKeys.all()).filter(({ protection }) => protection === undefined);
      if (inClearText.length > 0) continue;
      expect(
        await rejection(rotate(second, now + round * 10 + 1, makeWith(undefined), { immediately: true })),
      ).toMatchObject({
        code: "settings_invalid",
      });
    }
    await encryptKeys(store, issuer, { from: undefined, to: one });
    await opened(one);
  });

  test("a key that a server cannot open is published, and the others go on, also when it starts", async () => {
    // The state of keys goes by the database's clock: PostgreSQL has its own.
    const begin = await store.time(now);
    await initializeServer(store, issuer, undefined, begin);
    const { key } = await rotate(second, begin + 1, makeWith(other));
    let time = now;
    const ring = await KeyRing.open({ store, issuer, protector: one, now: () => time });
    while (ring.failures().length === 0) await Bun.sleep(1);
    expect(ring.failures()).toEqual([expect.objectContaining({ code: "settings_invalid" })]);
    expect(ring.jwks().keys.map(({ kid }) => kid)).toContain(key.kid);
    const { kid, signer } = ring.signer();
    expect(kid).not.toBe(key.kid);
    expect(await signer.sign(new Uint8Array(1))).toHaveLength(64);
    time += publishedSeconds + 10;
    expect(ring.signer().kid).toBe(key.kid);
    const failure: unknown = await ring
      .signer()
      .signer.sign(new Uint8Array(1))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SigningUnavailableError);
    expect((failure as Error).message).toContain("could not be opened");
  });
}
