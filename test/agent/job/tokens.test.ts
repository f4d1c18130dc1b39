import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readJobTokens, writeJobTokens } from "../../../src/agent/job/tokens.ts";
import type { HeldToken } from "../../../src/agent/tokens/tokens.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { Secret } from "../../../src/base/secret.ts";

const settings: Settings = {
  version: 1,
  identity: { name: "gitlab" },
  aws: { roleArn: "arn:aws:iam::123456789012:role/ci", region: "us-east-1" },
  repositories: [],
};
const key = '["role","my-domain"]';
const held: HeldToken = { key, token: new Secret("token"), expiration: 1_800_000_000 };
const exposed = (tokens: HeldToken[]) => tokens.map(({ token, ...rest }) => ({ ...rest, token: token.expose() }));

test("the tokens that a job writes into its variable are read from it", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~]{1,200}$/), fc.integer({ min: 1, max: 86_400 }), (token, expiration) => {
      const tokens = [{ key, token: new Secret(token), expiration }];
      expect(exposed(readJobTokens(writeJobTokens(tokens, settings), settings, 0))).toEqual(exposed(tokens));
    }),
  );
});

describe("tokens of another job are not used", () => {
  test.each<[string, Settings]>([
    ["identity", { ...settings, identity: { name: "circleci" } }],
    ["audience", { ...settings, identity: { name: "gitlab", audience: "x" } }],
    ["role", { ...settings, aws: { roleArn: "arn:aws:iam::123456789012:role/other", region: "us-east-1" } }],
    ["region of STS", { ...settings, aws: { roleArn: "arn:aws:iam::123456789012:role/ci", region: "eu-west-1" } }],
  ])("when it has another %s", (_title, other) => {
    expect(readJobTokens(writeJobTokens([held], settings), other)).toEqual([]);
  });
});

test.each([undefined, "", "x", "{}", "[]", "null", '{"job":"","tokens":[{}]}', '{"job":1,"tokens":[]}'])(
  "%p holds no tokens of a job",
  (text) => {
    expect(readJobTokens(text, settings)).toEqual([]);
  },
);

test.each([0, -5, 1e12, 1.5, Infinity, NaN])(
  "a job's token that ends at %p is left out, and the others are used",
  (expiration) => {
    const now = 1_700_000_000_000;
    const good = { ...held, expiration: 1_700_003_600 };
    const written = writeJobTokens([{ ...held, expiration: 1_700_000_000 - 5 }, good], settings);
    expect(exposed(readJobTokens(written, settings, now))).toEqual(exposed([good]));
    expect(readJobTokens(writeJobTokens([{ ...held, expiration }], settings), settings, now)).toEqual([]);
  },
);

test("tokens that are longer than a variable can be are not written", () => {
  const many = Array.from({ length: 100 }, () => ({ ...held, token: new Secret("x".repeat(1200)) }));
  expect(writeJobTokens(many, settings)).toBeUndefined();
});
