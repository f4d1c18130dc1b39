/** Tokens are taken out of lines, and every other byte stays. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  commentMark,
  placeholder,
  removals,
  restorations,
  withEdits,
} from "../../../../../src/cli/commands/doctor/leaks/line-edits.ts";
import type { PlaceKind } from "../../../../../src/cli/commands/doctor/leaks/places.ts";
import { tokensIn } from "../../../../../src/cli/commands/doctor/leaks/token-form.ts";
import { parseToml } from "../../../../../src/editing/toml-values.ts";
import { propertyRuns } from "../../../../property-runs.ts";
import { makeToken } from "./tokens.ts";

const token = makeToken();
const basic = Buffer.from(`aws:${token}`).toString("base64");
const host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const gone = placeholder;

function fixed(path: string, text: string, kind: PlaceKind = "settings"): string {
  return withEdits(text, removals(text, { path: `/home/dev/${path}`, kind }));
}

test.each<[path: string, before: string, after: string]>([
  [".npmrc", `//${host}/npm/r/:_authToken=${token}`, `${commentMark}//${host}/npm/r/:_authToken=${gone}`],
  [".npmrc", `//${host}/npm/r/:_auth = "${basic}"\r`, `${commentMark}//${host}/npm/r/:_auth = "${gone}"\r`],
  [".yarnrc", `"//${host}/npm/r/:_authToken" "${token}"`, `${commentMark}"//${host}/npm/r/:_authToken" "${gone}"`],
  [".yarnrc.yml", `    npmAuthToken: ${token}`, `${commentMark}    npmAuthToken: ${gone}`],
  [".bunfig.toml", `token = "${token}"`, `${commentMark}token = "${gone}"`],
  [
    ".bunfig.toml",
    `a = { url = "https://${host}/", token = "${token}" }`,
    `a = { url = "https://${host}/", token = "${gone}" }`,
  ],
  [".cargo/credentials.toml", `token = "Bearer ${token}"`, `${commentMark}token = "Bearer ${gone}"`],
  [
    "pip.conf",
    `index-url = https://aws:${token}@${host}/pypi/r/simple/`,
    `index-url = https://aws@${host}/pypi/r/simple/`,
  ],
  [".netrc", `machine ${host} login aws password ${token}`, `${commentMark}machine ${host} login aws password ${gone}`],
  [".netrc", `  password ${token}`, `  password ${gone}`],
  [".pypirc", `password = ${token}`, `${commentMark}password = ${gone}`],
  [".env", `export CODEARTIFACT_AUTH_TOKEN='${token}'`, `${commentMark}export CODEARTIFACT_AUTH_TOKEN='${gone}'`],
  [".bashrc", `export A=${token}; export B=1`, `export A=${gone}; export B=1`],
  ["gradle.properties", `codeartifactToken=${token}`, `${commentMark}codeartifactToken=${gone}`],
  [".m2/settings.xml", `<password>${token}</password>`, `<password>${gone}</password>`],
  [".docker/config.json", `"auth": "${basic}"`, `"auth": "${gone}"`],
  [".npmrc", `#| //${host}/npm/r/:_authToken=${token}`, `#| //${host}/npm/r/:_authToken=${gone}`],
  ["a.js", `token = "${token}"`, `token = "${gone}"`],
])("in %s the line is kept without the token", (path, before, after) => {
  expect(fixed(path, `first\n${before}\nlast`)).toBe(`first\n${after}\nlast`);
});

test("a command of a history and a line of a log stay what they are, without the token", () => {
  const line = `curl -H 'Authorization: Bearer ${token}' https://aws:${token}@${host}/x`;
  for (const kind of ["history", "log"] as const)
    expect(fixed(".env", line, kind)).toBe(`curl -H 'Authorization: Bearer ${gone}' https://aws@${host}/x`);
  expect(fixed(".bash_history", `export A=${token}\n`, "history")).toBe(`export A=${gone}\n`);
});

test("what is shown has no token in it", () => {
  const text = `a=${token}\nb ${basic} https://aws:${token}@${host}/\n`;
  const shown = JSON.stringify(removals(text, { path: "/x/.npmrc", kind: "settings" }));
  expect(tokensIn(shown)).toEqual([]);
  expect(shown).not.toContain(token.slice(0, 20));
  expect(shown).not.toContain(basic.slice(0, 20));
});

test("a token that only the agent knows is taken out, and its neighbours are not", () => {
  const [known, other] = ["k".repeat(150), "o".repeat(150)];
  const text = `a=${known}\nb=${other}\n`;
  const edits = removals(text, { path: "/x/.npmrc", kind: "settings" }, (found) => found.token === known);
  expect(withEdits(text, edits)).toBe(`${commentMark}a=${gone}\nb=${other}\n`);
});

/** Lines of any bytes, in which nothing is a token, and what gives one. */
const otherLine = fc.string({ unit: "binary-ascii", maxLength: 20 }).map((line) => line.replaceAll("\n", ""));
const tokenLine = fc
  .tuple(
    fc.constantFrom("", "  ", "é", "\t"),
    fc.constantFrom("token = ", "export A=", "//host/:_authToken=", "password ", "a: ", "cmd ", `"x": "`, "\xff="),
    fc.constantFrom(token, basic, makeToken({}, "y")),
    fc.constantFrom("", "\r", '"', '",', " # note", "; ls"),
  )
  .map((parts) => ({ text: parts.join(""), without: [parts[0], parts[1], gone, parts[3]].join("") }));

test("in any file every token goes, every other line stays, twice is once, and undo gives the lines without it", () => {
  const lines = fc.array(
    fc.oneof(
      otherLine.map((text) => ({ text, without: text })),
      tokenLine,
    ),
    { maxLength: 12 },
  );
  const path = fc.constantFrom(".npmrc", "uv.toml", ".netrc", "settings.xml", "x.json", ".env");
  fc.assert(
    fc.property(lines, path, (parts, name) => {
      const text = parts.map((part) => part.text).join("\n");
      const after = fixed(name, text);
      expect(tokensIn(after)).toEqual([]);
      expect(fixed(name, after)).toBe(after);
      const afterLines = after.split("\n");
      expect(afterLines).toHaveLength(text.split("\n").length);
      for (const [index, { text: before, without }] of parts.entries()) {
        const line = afterLines[index];
        if (before === without) expect(line).toBe(before);
        else expect([without, commentMark + without]).toContain(line!);
      }
      const undone = withEdits(after, restorations(after));
      expect(undone).toBe(parts.map(({ without }) => without).join("\n"));
    }),
    { numRuns: propertyRuns },
  );
});

test("TOML stays readable, without the keys that gave a token", () => {
  const key = fc.stringMatching(/^[a-z]{1,8}$/);
  const value = fc.oneof(fc.integer(), fc.constant(token), fc.constant(`Bearer ${token}`), fc.constant("plain"));
  fc.assert(
    fc.property(fc.dictionary(key, fc.dictionary(key, value)), (tables) => {
      const text = Object.entries(tables)
        .map(([name, table]) => {
          const lines = Object.entries(table).map(([each, its]) => `${each} = ${JSON.stringify(its)}\n`);
          return `[${name}]\n${lines.join("")}`;
        })
        .join("");
      const expected = Object.fromEntries(
        Object.entries(tables).map(([name, table]) => [
          name,
          Object.fromEntries(Object.entries(table).filter(([, its]) => !String(its).includes(token))),
        ]),
      );
      expect(parseToml(fixed("config.toml", text))).toEqual(expected);
    }),
    { numRuns: propertyRuns },
  );
});
