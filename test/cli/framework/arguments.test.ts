import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { closest } from "../../../src/base/words/closest.ts";
import { checkArguments, parseSeconds, valuesOf } from "../../../src/cli/framework/arguments.ts";
import { VouchError } from "../../../src/base/errors.ts";

const definition = {
  server: { type: "string", required: true, valueHint: "URL" },
  timeout: { type: "string", alias: "t" },
  tool: { type: "enum", options: ["cargo", "npm", "pip"] },
  json: { type: "boolean" },
  color: { type: "boolean", default: true },
  email: { type: "positional", required: false },
} satisfies ArgsDef;

const given = "--server https://vouch.example.com";

function check(words: string): VouchError | undefined {
  try {
    checkArguments(words.split(" "), definition, "vouch try");
    return undefined;
  } catch (error) {
    return error as VouchError;
  }
}

describe("checkArguments takes", () => {
  test.each([
    given,
    "--server=https://vouch.example.com",
    `${given} --timeout 5`,
    `${given} -t 5`,
    `${given} --json dev@example.com`,
    `dev@example.com ${given}`,
    `${given} --no-color`,
    `${given} --tool cargo --tool=pip`,
    `${given} -- dev@example.com`,
  ])("%s", (words) => expect(check(words)).toBeUndefined());
});

describe("checkArguments refuses", () => {
  test.each([
    [`${given} --tiemout 5`, "vouch try has no flag --tiemout.", "Did you mean `--timeout`?"],
    [`${given} --hepl`, "vouch try has no flag --hepl.", "Did you mean `--help`?"],
    [`${given} --xyzzy`, "vouch try has no flag --xyzzy.", "See `vouch try --help`."],
    [`${given} -x`, "vouch try has no flag -x.", "See"],
    [`${given} --no-json`, "vouch try has no flag --no-json.", "See"],
    [`${given} --timeout`, "--timeout expects a value (TIMEOUT).", "See"],
    ["--server --json", "--server expects a value (URL).", "See"],
    ["--server=", "--server expects a value (URL).", "See"],
    [`${given} --json=yes`, "--json takes no value.", "See"],
    [`${given} --tool carg`, '--tool expects one of cargo, npm, pip, got "carg".', "Did you mean `--tool cargo`?"],
    [`${given} one two`, 'vouch try does not expect "two".', "See"],
    [`${given} -- one two`, 'vouch try does not expect "one".', "See"],
    ["--json", "--server is missing.", "See"],
  ])("%s", (words, message, hint) => {
    const error = check(words);
    expect(error).toBeInstanceOf(VouchError);
    expect(error).toMatchObject({ code: "usage", message });
    expect(error?.hint).toContain(hint);
  });

  test("a call where a positional argument is missing", () => {
    const needs = { email: { type: "positional", required: true } } satisfies ArgsDef;
    expect(() => checkArguments([], needs, "vouch try")).toThrow("EMAIL is missing.");
  });
});

test.each([
  ["logn", "login"],
  ["lgoin", "login"],
  ["stauts", "status"],
  ["enrol", "enroll"],
  ["config", undefined],
  ["x", undefined],
])("the closest command to %s is %s", (word, expected) => {
  expect(closest(word, ["login", "logout", "status", "enroll", "setup"])).toBe(expected);
});

test.each([
  [
    ["--tool", "cargo", "--json", "--tool=pip"],
    ["cargo", "pip"],
  ],
  [["--json"], []],
  [["--", "--tool", "npm"], []],
])("the values of --tool in %j are collected: %j", (words, expected) =>
  expect(valuesOf(words, "--tool")).toEqual(expected),
);

test.each(["4", "601", "1e2", "-5", "", "6O", "5.5"])("parseSeconds refuses %j", (text) => {
  expect(() => parseSeconds(text, "--timeout", 5, 600)).toThrow("--timeout expects a number of seconds from 5 to 600");
});

test.each(["5", "60", "600"])("parseSeconds takes %j", (text) => {
  expect(parseSeconds(text, "--timeout", 5, 600)).toBe(Number(text));
});
