import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseNpmrc, replaceVariables } from "../../../../src/tools/npm/guard/settings-text.ts";
import { requires } from "../../../requires.ts";

const lines = [
  "ca=x",
  " ca = x ",
  '"ca"=x',
  "'ca'=x",
  '"\\u0063a"=x',
  "ca[]=x",
  "ca;y=x",
  "c${NOTHING?}a=x",
  "${NAME}=x",
  "strict-ssl",
  "//host/:_authToken=${NAME}",
  "; ca=x",
  "# ca=x",
  "ca=x ; comment",
  "ca=a\\;b",
];

const env = { NAME: "ca" };
const tools = join(import.meta.dir, "../../../../.tools/npm-12/node_modules");

describe.skipIf(!requires(join(tools, ".bin/npm")))("an .npmrc is read as by npm's own reader", () => {
  test.each(lines)("%s", (line) => {
    const ini = require(join(tools, "npm/node_modules/ini")) as { parse(text: string): Record<string, unknown> };
    const replace = require(join(tools, "npm/node_modules/@npmcli/config/lib/env-replace.js")) as (
      text: string,
      env: object,
    ) => string;
    const expected = Object.entries(ini.parse(line)).map(([key, value]) => [replace(key, env), String(value)]);
    expect(parseNpmrc(line, env).map(({ key, value }) => [key, value])).toEqual(expected as [string, string][]);
  });
});

test("a line of an .npmrc counts in any section", () => {
  expect(parseNpmrc("[section]\r\nca=x\n", {})).toContainEqual({ key: "ca", value: "x" });
});

test.each([
  ["${A}", "1"],
  ["${NO}", "${NO}"],
  ["${NO?}", ""],
  ["\\${A}", "${A}"],
  ["a${A}b${A}", "a1b1"],
  ["${NO-ca}", "ca"],
  ["${NO:-ca}", "ca"],
  ["${NO?-http}", "http"],
  ["${NO-a?b}", "a?b"],
  ["${NO-https-proxy}", "https-proxy"],
  ["${A-x}", "1"],
  ["${EMPTY-x}", ""],
  ["${EMPTY:-x}", "x"],
  [":${NO-}", ":${NO-}"],
])("with variables put in, %s becomes %s", (text, expected) => {
  expect(replaceVariables(text, { A: "1", EMPTY: "" })).toBe(expected);
});
