/** Which key may follow which: none that would undo the protection of those that there are. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Secret } from "../../../src/base/secret.ts";
import { initializeServer } from "../../../src/server/initialize.ts";
import { publishedSeconds } from "../../../src/server/signing/life-cycle.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { levelOf, levelOfKey, parseProtection } from "../../../src/server/signing/protection.ts";
import { replaceLost } from "../../../src/server/signing/lost.ts";
import { rotate, rotateIfDue } from "../../../src/server/signing/rotation.ts";
import { keyMaker, type KeyMaker, makeSigningKey, publicJwk } from "../../../src/server/signing/signing-key.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { rejection } from "../../rejection.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const issuer = "https://vouch.example.com";
const now = 1_800_000_000;
const everySeconds = 90 * 24 * 3600;
const folder = tempFolderUntil(afterAll);
const one = await localKek(new Secret(new Uint8Array(32).fill(1)));
const other = await localKek(new Secret(new Uint8Array(32).fill(2)));

/** A key that stays in KMS, as the database has it. */
const inKms: KeyMaker = {
  level: "kms",
  async make() {
    const key = await makeSigningKey(issuer, undefined);
    const { kty, crv, x, y } = publicJwk(key);
    const arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    return {
      kid: key.kid,
      jwk: JSON.stringify({ kty, crv, x, y }),
      protection: JSON.stringify({ by: "aws-kms-key", arn }),
    };
  },
};
const makers = {
  "clear text": keyMaker(issuer, undefined),
  "one key-encryption key": keyMaker(issuer, one),
  "another key-encryption key": keyMaker(issuer, other),
  KMS: inKms,
} satisfies Record<string, KeyMaker>;
type Place = keyof typeof makers;

let databases = 0;
async function database(first: KeyMaker) {
  const store = await openStore(`sqlite:${join(folder, `${++databases}.db`)}`, { create: true, now });
  await initializeServer(store, issuer, undefined, now, first);
  return store;
}
/** Counts the keys that it makes. */
function counted(maker: KeyMaker): KeyMaker & { made: number } {
  return {
    level: maker.level,
    made: 0,
    async make() {
      this.made++;
      return await maker.make();
    },
  };
}

const refused: readonly [Place, Place][] = [
  ["one key-encryption key", "clear text"],
  ["another key-encryption key", "clear text"],
  ["KMS", "clear text"],
  ["one key-encryption key", "another key-encryption key"],
  ["another key-encryption key", "one key-encryption key"],
];
const places = Object.keys(makers) as Place[];
const pairs = places.flatMap((present) =>
  places.map((next) => [present, next, refused.some(([from, to]) => from === present && to === next)] as const),
);

describe.each(pairs)("after a key in %s, one in %s", (present, next, isRefused) => {
  test(`is ${isRefused ? "refused before it is made" : "taken"}, a day ahead and at once`, async () => {
    for (const immediately of [false, true]) {
      const store = await database(makers[present]);
      const maker = counted(makers[next]);
      if (isRefused) {
        expect(await rejection(rotate(store, now + 1, maker, { immediately }))).toMatchObject({
          code: "settings_invalid",
          message: expect.stringContaining(
            next === "clear text" ? "would be in clear text" : "would be encrypted under",
          ),
          hint: expect.stringContaining(present === "KMS" ? "--signing-key" : "--key-encryption-key"),
        });
        expect({ made: maker.made, keys: (await store.signingKeys.all()).length }).toEqual({ made: 0, keys: 1 });
      } else {
        const { key } = await rotate(store, now + 1, maker, { immediately });
        expect(levelOf(parseProtection(key.protection, key.kid))).toBe(makers[next].level);
      }
      await store.close();
    }
  });

  test("is judged by the server's own rotation alike", async () => {
    const store = await database(makers[present]);
    const due = now + everySeconds - publishedSeconds;
    const maker = counted(makers[next]);
    // After a key in KMS, none is due.
    if (present === "KMS") expect(await rotateIfDue(store, due, everySeconds, maker)).toBeUndefined();
    else if (isRefused) {
      expect(await rejection(rotateIfDue(store, due, everySeconds, maker))).toMatchObject({ code: "settings_invalid" });
    } else expect(await rotateIfDue(store, due, everySeconds, maker)).toMatchObject({ publishedAt: due });
    expect(maker.made).toBe(present === "KMS" || isRefused ? 0 : 1);
    await store.close();
  });
});

test("a key that waits, protected, keeps one in clear text out as well as the one that signs", async () => {
  const store = await database(makers["clear text"]);
  await rotate(store, now + 1, inKms);
  for (const immediately of [false, true]) {
    const error = await rejection(rotate(store, now + 2, makers["clear text"], { immediately }));
    expect(error).toMatchObject({ code: "settings_invalid", message: expect.stringContaining("in AWS KMS") });
  }
  await store.close();
});

test("no key is made while another one waits, nor before one is due", async () => {
  const store = await database(makers["clear text"]);
  await rotate(store, now + 1, makers["clear text"]);
  const maker = counted(makers["clear text"]);
  expect(await rejection(rotate(store, now + 2, maker))).toMatchObject({ code: "edit_conflict" });
  expect(await rotateIfDue(store, now + 2, everySeconds, maker)).toBeUndefined();
  expect(maker.made).toBe(0);
  await store.close();
});

test("a key of KMS that is there already is refused, whether it signs or is retired, and nothing is changed", async () => {
  const [first, second] = [await inKms.make(), await inKms.make()];
  const same = (key: typeof first): KeyMaker => ({ level: "kms", make: async () => key });
  const store = await database(same(first));
  await rotate(store, now + 1, same(second), { immediately: true });
  const before = await store.signingKeys.all();
  for (const key of [first, second]) {
    for (const immediately of [false, true]) {
      expect(await rejection(rotate(store, now + 2, same(key), { immediately }))).toMatchObject({
        code: "edit_conflict",
        message: expect.stringContaining(key.kid),
      });
    }
  }
  expect(await store.signingKeys.all()).toEqual(before);
  await store.close();
});

describe("a key whose protection cannot be read", () => {
  async function databaseWithUnreadable() {
    const store = await database(inKms);
    const [key] = await store.signingKeys.all();
    await store.signingKeys.replace(key!, { jwk: key!.jwk, protection: JSON.stringify({ by: "a newer way" }) });
    return store;
  }

  test("gives way to one that is protected, and to none in clear text", async () => {
    const store = await databaseWithUnreadable();
    expect(await rejection(rotate(store, now + 1, makers["clear text"], { immediately: true }))).toMatchObject({
      code: "settings_invalid",
      message: expect.stringContaining("protected in a way that this program does not know"),
    });
    const { key } = await rotate(store, now + 1, makers["one key-encryption key"], { immediately: true });
    expect(levelOfKey(key)).toBe(`kek:${one.kek}`);
    await store.close();
  });

  test("is replaced as a lost one, by one that is protected", async () => {
    const store = await databaseWithUnreadable();
    const options = { issuer, protector: undefined, time: now + 1 };
    expect(await rejection(replaceLost(store, options, makers["clear text"]))).toMatchObject({ code: "usage" });
    const { key } = await replaceLost(store, options, makers["another key-encryption key"]);
    expect((await store.signingKeys.all()).map(({ kid }) => kid)).toEqual([key.kid]);
    await store.close();
  });
});
