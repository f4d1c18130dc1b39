/** Changes of signing keys in either database: made once, in order, and beside programs that know nothing of them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { initializeServer } from "../../../../src/server/initialize.ts";
import { publishedSeconds, retiredSeconds, statusesAt } from "../../../../src/server/signing/life-cycle.ts";
import { removeGone, retire, rotate, rotateIfDue } from "../../../../src/server/signing/rotation.ts";
import { keyMaker } from "../../../../src/server/signing/signing-key.ts";
import type { Store } from "../../../../src/server/store/store.ts";
import { rejection } from "../../../rejection.ts";
import { type MakeDatabase, now, open, type TestDatabase, takeBackTo } from "./database.ts";

const opener = new URL("../../../../src/server/store/open.ts", import.meta.url).pathname;
const issuer = "https://vouch.example.com";
const makeKey = keyMaker(issuer, undefined);
const day = 24 * 3600;

/** Declares the tests. */
export function changesSigningKeys(make: MakeDatabase): void {
  let database: TestDatabase;
  let first: Store;
  let second: Store;
  beforeEach(async () => {
    database = await make();
    first = await open(database);
    second = await open(database, false);
    await initializeServer(first, issuer, undefined, now);
  });
  afterEach(async () => {
    await first.close();
    await second.close();
    await database.remove();
  });

  const states = async (time: number) =>
    statusesAt(await first.signingKeys.all(), time).map(({ key, state }) => [key.kid, state] as const);
  const older = async (): Promise<Record<string, string>[]> =>
    // What a program of an older version does: all are published, the first one signs.
    database.sql`SELECT kid, private_jwk, created_at FROM signing_keys ORDER BY created_at DESC, kid`;
  const needs = async () => {
    const [row] = await database.sql`SELECT max(needs) AS needs FROM schema_versions`;
    return Number(row.needs);
  };

  test("a rotation publishes the new key for a day, then it signs, and the old one goes when its tokens have ended", async () => {
    const [[old]] = (await states(now)) as [[string, string]];
    const { key, previous, withdrawn } = await rotate(first, now + 10, makeKey);
    expect({ previous: previous.kid, withdrawn }).toEqual({ previous: old, withdrawn: [] });
    expect(await second.signingKeys.all()).toEqual(await first.signingKeys.all());
    const begins = now + 10 + publishedSeconds;
    expect(await states(begins - 1)).toEqual([
      [key.kid, "published"],
      [old, "signing"],
    ]);
    expect(await states(begins)).toEqual([
      [key.kid, "signing"],
      [old, "retired"],
    ]);
    expect(await removeGone(second, begins + retiredSeconds - 1)).toEqual([]);
    expect((await removeGone(second, begins + retiredSeconds)).map(({ kid }) => kid)).toEqual([old]);
    expect(await states(begins + retiredSeconds)).toEqual([[key.kid, "signing"]]);
  });

  test("of many that rotate at once, one makes a key", async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => rotate(index % 2 === 0 ? first : second, now + 1, makeKey)),
    );
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await first.signingKeys.all()).toHaveLength(2);
  });

  test("of many that find a rotation due, one makes a key, and none before it is due", async () => {
    const everywhere = async (time: number) => {
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          rotateIfDue(index % 2 === 0 ? first : second, time, 90 * day, makeKey),
        ),
      );
      return made.filter((key) => key !== undefined);
    };
    expect(await everywhere(now + 89 * day - 1)).toEqual([]);
    const [key, ...others] = await everywhere(now + 89 * day);
    expect(others).toEqual([]);
    expect(key!.signsFrom).toBe(now + 90 * day);
    expect(await everywhere(now + 90 * day)).toEqual([]);
    expect(await everywhere(now + 179 * day)).toHaveLength(1);
    expect(await first.signingKeys.all()).toHaveLength(3);
  });

  test("an emergency signs at once with a key that nobody has seen, and the old one can be ended at once", async () => {
    const waiting = await rotate(first, now + 1, makeKey);
    const old = waiting.previous.kid;
    const { key, withdrawn } = await rotate(first, now + 2, makeKey, { immediately: true });
    expect(withdrawn.map(({ kid }) => kid)).toEqual([waiting.key.kid]);
    expect(await states(now + 2)).toEqual([
      [key.kid, "signing"],
      [old, "retired"],
    ]);
    expect(await rejection(retire(first, old, now + 2))).toMatchObject({ code: "edit_conflict" });
    expect(await retire(first, old, now + 2, { immediately: true })).toMatchObject({ state: "retired" });
    expect(await states(now + 2)).toEqual([[key.kid, "signing"]]);
    // Twice in one second, and with a clock that went back: the later one signs at once.
    for (const time of [now + 2, now + 2, now - 3600]) {
      const { key: later, previous } = await rotate(second, time, makeKey, { immediately: true });
      expect((await states(time))[0]).toEqual([later.kid, "signing"]);
      await retire(second, previous.kid, time, { immediately: true });
      expect((await states(time)).filter(([, state]) => state === "signing")).toEqual([[later.kid, "signing"]]);
    }
  });

  test("the key that signs cannot be retired, one that waits can, and there is no other", async () => {
    const { key, previous } = await rotate(first, now + 1, makeKey);
    for (const immediately of [false, true]) {
      const error = await rejection(retire(first, previous.kid, now + 1, { immediately }));
      expect(error).toMatchObject({ code: "edit_conflict", hint: expect.stringContaining("rotate") });
      expect(await rejection(retire(first, "nothing", now + 1, { immediately }))).toMatchObject({
        code: "signing_key_not_found",
      });
    }
    expect(await retire(first, key.kid, now + 1)).toMatchObject({ state: "published" });
    expect(await states(now + 1)).toEqual([[previous.kid, "signing"]]);
  });

  test("two that retire and rotate at once leave a key that signs", async () => {
    for (let round = 1; round <= 10; round++) {
      const time = now + round * 1000;
      const [signing] = (await first.signingKeys.all()).slice(-1);
      await Promise.allSettled([
        rotate(first, time, makeKey, { immediately: true }),
        retire(second, signing!.kid, time, { immediately: true }),
        rotate(second, time, makeKey, { immediately: true }),
      ]);
      expect((await states(time + 2)).filter(([, state]) => state === "signing")).toHaveLength(1);
    }
  });

  test("a key of an older program signs since it was made, and such a program goes on with it until the first change", async () => {
    await database.sql`UPDATE signing_keys SET published_at = NULL, signs_from = NULL`;
    const [key] = await first.signingKeys.all();
    expect(key).toMatchObject({ publishedAt: now, signsFrom: now });
    expect((await older()).map(({ kid }) => kid!)).toEqual([key!.kid]);
    expect(await needs()).toBeLessThan(4);
    const made = await rotate(second, now + 1, makeKey);
    // One that runs and reads the keys again publishes the new one, and does not sign with it.
    expect((await older()).map(({ kid }) => kid!)).toEqual([key!.kid, made.key.kid]);
    expect(await needs()).toBe(4);
  });

  test("a database of an older program gets what the change of keys needs, also when several open it at once", async () => {
    const [key] = await first.signingKeys.all();
    await first.close();
    await second.close();
    await takeBackTo(3, database.sql);
    const script = `
      import { openStore } from ${JSON.stringify(opener)};
      const store = await openStore(process.argv.at(-1), { create: false, now: ${now} });
      console.log(JSON.stringify(await store.signingKeys.all()));
      await store.close();`;
    const programs = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, "-e", script, database.url], { stdio: ["ignore", "pipe", "inherit"] }),
    );
    for (const { stdout } of programs) expect(await new Response(stdout).json()).toEqual([key!]);
    [first, second] = [await open(database, false), await open(database, false)];
    await rotate(first, now + 1, makeKey);
  });
}
