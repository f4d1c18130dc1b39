import { expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../src/base/secret.ts";

const secret = new Secret("TOP-SECRET");

test.each<[string, () => string]>([
  ["joining", () => [secret].join("")],
  ["String", () => String(secret)],
  ["JSON", () => JSON.stringify({ secret })],
  ["Bun.inspect", () => Bun.inspect({ secret })],
  ["util.inspect with everything", () => inspect({ secret }, { showHidden: true, depth: 9 })],
  ["the message of an error", () => new Error(["bad", secret].join(" "), { cause: secret }).message],
])("%s does not show a secret", (_, show) => {
  expect(show()).toContain("[redacted]");
  expect(show()).not.toContain("TOP-SECRET");
});

test("expose() alone gives a secret out", () => expect(secret.expose()).toBe("TOP-SECRET"));
