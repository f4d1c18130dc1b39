/** The form by which a token is found in any text. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { candidatesIn, endByHeader, tokensIn } from "../../../../../src/cli/commands/doctor/leaks/token-form.ts";
import { propertyRuns } from "../../../../property-runs.ts";
import { lookAlikes, makeToken } from "./tokens.ts";

const token = makeToken();
const basic = Buffer.from(`aws:${token}`).toString("base64");

test.each<[what: string, before: string, after: string]>([
  ["alone", "", ""],
  ["in a file of npm", "a=b\n//host/npm/r/:_authToken=", "\nc=d\n"],
  ["in a URL", "index-url = https://aws:", "@host/pypi/r/simple/\r\n"],
  ["in a command", "export CODEARTIFACT_AUTH_TOKEN='", "'"],
  ["in JSON", '{"authorizationToken": "', '"}'],
  ["in XML", "<password>", "</password>"],
  ["at the end of a sentence", "The token is ", ". It is old."],
  ["behind an escaped blank", "Authorization: Bearer%20", "&x=1"],
])("a token is found %s, with its place", (_, before, after) => {
  for (const word of [token, basic, Buffer.from(token).toString("base64")]) {
    const found = tokensIn(before + word + after);
    expect(found).toEqual([
      { token, from: before.length, to: before.length + word.length, line: before.split("\n").length, hasForm: true },
    ]);
  }
});

test.each(lookAlikes)("%s is no token", (_, text) => {
  expect(tokensIn(`x = ${text}\n`)).toEqual([]);
  expect(tokensIn(text)).toEqual([]);
});

test("every token of a text is found on its line, whatever stands between them", () => {
  const between = fc.string({ unit: fc.constantFrom(" ", "\n", "\r\n", "=", '"', "é", "#", "eyJ ", "a.b ") });
  const tokens = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(tokens, fc.array(between, { minLength: 7, maxLength: 7 }), (seeds, gaps) => {
      const words = seeds.map((seed) => makeToken({}, String(seed)));
      const text = words.reduce((all, word, index) => `${all}${word}\n${gaps[index + 1]} `, `${gaps[0]} `);
      const found = tokensIn(text);
      expect(found.map((each) => each.token)).toEqual(words);
      for (const { from, line } of found) expect(text.slice(0, from).split("\n")).toHaveLength(line);
    }),
    { numRuns: propertyRuns },
  );
});

test.each([
  ["beginnings of headers", "eyJ".repeat(1 << 20)],
  ["beginnings of headers with points", "eyJ.".repeat(1 << 20)],
  ["encoded beginnings", "ZXlK".repeat(1 << 20)],
  ["headers of tokens", `${makeToken().split(".")[0]}.`.repeat(1 << 16)],
  ["points", `eyJ${".".repeat(1 << 22)}`],
])("a text of nothing but %s is searched in linear time, and has no token", (_, text) => {
  expect(candidatesIn(text).filter(({ hasForm }) => hasForm)).toEqual([]);
});

test("a token's own header says when it ends, if it does", () => {
  expect(endByHeader(makeToken({ exp: 1_800_000_000 }))).toBe(1_800_000_000);
  expect(endByHeader(makeToken({ isu: 1_800_000_000 }))).toBe(1_800_000_000 + 12 * 3600);
  expect(endByHeader(makeToken())).toBeUndefined();
  expect(endByHeader(makeToken({ exp: "soon", isu: 12 }))).toBeUndefined();
});
