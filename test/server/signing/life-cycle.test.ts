/** Which state each signing key has at which time. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  idTokenSeconds,
  jwksCacheSeconds,
  parseRotateEvery,
  publishedSeconds,
  type ScheduledKey,
  statusesAt,
} from "../../../src/server/signing/life-cycle.ts";
import { propertyRuns } from "../../property-runs.ts";

const day = 24 * 3600;

/** Keys as planned rotations make them: each published for a day before it signs, one after the other. */
const rotations = fc
  .array(fc.integer({ min: 1, max: 400 * day }), { minLength: 1, maxLength: 6 })
  .map((pauses): ScheduledKey[] => {
    let from = 0;
    return pauses.map((pause, index) => {
      from += index === 0 ? 0 : publishedSeconds + pause;
      return { kid: `key-${index}`, publishedAt: Math.max(0, from - publishedSeconds), signsFrom: from };
    });
  });

test("at any time one key signs, which has been published for a day, and every key with a living token is published", () => {
  fc.assert(
    fc.property(rotations, fc.integer({ min: 0, max: 2500 * day }), (keys, time) => {
      const statuses = statusesAt(fc.sample(fc.shuffledSubarray(keys, { minLength: keys.length }), 1)[0]!, time);
      const signing = statuses.filter(({ state }) => state === "signing").map(({ key }) => key);
      expect(signing).toHaveLength(1);
      if (signing[0]!.kid !== "key-0") expect(time - signing[0]!.publishedAt).toBeGreaterThanOrEqual(jwksCacheSeconds);
      if (signing[0]!.kid !== "key-0") expect(time - signing[0]!.publishedAt).toBeGreaterThanOrEqual(day);
      // Whoever signed at any moment of a token's life before now is still in the JWKS.
      for (const before of [0, 1, idTokenSeconds / 2, idTokenSeconds]) {
        const then = statusesAt(keys, time - before).find(({ state }) => state === "signing")!.key;
        expect(statuses.find(({ key }) => key.kid === then.kid)!.state).not.toBe("gone");
      }
    }),
    { numRuns: propertyRuns },
  );
});

test.each<[string, number, string[]]>([
  ["before the second key signs", 1000 + day - 1, ["published", "signing"]],
  ["when it begins to sign", 1000 + day, ["signing", "retired"]],
  ["while a token of the first may live", 1000 + day + 300, ["signing", "retired"]],
  ["when the last token of the first has ended", 1000 + day + 365, ["signing", "gone"]],
  ["before either was made, for a clock that is behind", 0, ["published", "signing"]],
])("%s", (_title, time, states) => {
  const keys = [
    { kid: "first", publishedAt: 500, signsFrom: 500 },
    { kid: "second", publishedAt: 1000, signsFrom: 1000 + day },
  ];
  const statuses = statusesAt(keys, time);
  expect(statuses.map(({ key }) => key.kid)).toEqual(["second", "first"]);
  expect(statuses.map(({ state }) => state)).toEqual(states as never);
});

test("keys may change every two days and seldom, and not more often than they are published", () => {
  expect(parseRotateEvery(undefined)).toBeUndefined();
  expect(parseRotateEvery("90d")).toBe(90 * day);
  expect(parseRotateEvery("2d")).toBeGreaterThan(publishedSeconds);
  for (const text of ["1d", "0d", "", "90", "90h", "-5d", "99999d", "9e9d"]) {
    expect(() => parseRotateEvery(text)).toThrow(expect.objectContaining({ code: "usage" }));
  }
});
