import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readIdToken } from "../../src/ci/id-token.ts";

const now = Date.UTC(2026, 0);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: object) => `${encode({ alg: "RS256" })}.${encode(claims)}.c2lnbmF0dXJl`;
const good = { sub: "repo:my-org/my-app:ref:refs/heads/main", exp: now / 1000 + 300 };

test("subject and end of an ID token are read, and white space around it is ignored", () => {
  const { token, subject, expiration } = readIdToken(` ${jwt(good)}\r\n`, "X", now);
  expect(token.expose()).toBe(jwt(good));
  expect({ subject, expiration }).toEqual({ subject: good.sub, expiration: good.exp });
});

describe("what is no ID token is refused", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["a variable that was not expanded", "$VOUCH_ID_TOKEN"],
    ["two parts", "a.b"],
    ["no JSON", `a.${Buffer.from("x").toString("base64url")}.c`],
    ["no subject", jwt({ exp: good.exp })],
    ["no end", jwt({ sub: good.sub })],
    ["an end that is text", jwt({ ...good, exp: "soon" })],
    ["a line break inside", `${jwt(good)}\n${jwt(good)}`],
    ["longer than STS takes", jwt({ ...good, more: "x".repeat(20_000) })],
  ])("%s", (_title, text) => {
    expect(() => readIdToken(text, "VOUCH_ID_TOKEN", now)).toThrow(
      "Expected an OpenID Connect ID token (a JWT) from VOUCH_ID_TOKEN.",
    );
  });

  test("an ID token that has ended is refused", () => {
    expect(() => readIdToken(jwt({ ...good, exp: now / 1000 }), "X", now)).toThrow(/ended at 2026-01-01T00:00:00.000Z/);
  });

  test("text of any kind is read as an ID token or refused, and never shown", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (text) => {
        try {
          readIdToken(text, "X", now);
        } catch (error) {
          expect((error as Error).message).not.toContain(text);
        }
      }),
    );
  });
});
