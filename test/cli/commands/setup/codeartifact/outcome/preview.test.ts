/** What `--dry-run` shows of a change. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { previewChange } from "../../../../../../src/cli/commands/setup/codeartifact/outcome/preview.ts";

test.each([
  ["a new file", undefined, "a\nb\n", ["@@ line 1 @@", "+ a", "+ b"]],
  ["a deleted file", "a\n", undefined, ["@@ line 1 @@", "- a"]],
  ["no change", "a\nb\n", "a\nb\n", []],
  ["two places", "a\nb\nc\nd\n", "a\nB\nc\nd\ne\n", ["@@ line 2 @@", "- b", "+ B", "@@ line 5 @@", "+ e"]],
  ["a password in a URL", "", "x = https://me:hunter2@h/", ["@@ line 1 @@", "+ x = https://me:***@h/"]],
  ["a token", "//h/:_authToken=abc==\n", "", ["@@ line 1 @@", "- //h/:_authToken=***"]],
  [
    "a variable",
    "",
    'r = { token = "$A_B1" }\n//h/:_authToken=${A_B}',
    ["@@ line 1 @@", '+ r = { token = "$A_B1" }', "+ //h/:_authToken=${A_B}"],
  ],
  [
    "a token that begins as a variable does",
    "",
    "token = $Abc\ntoken = ${A}bc",
    ["@@ line 1 @@", "+ token = ***", "+ token = ***"],
  ],
  ["a token in TOML", 'token = "abc"', "", ["@@ line 1 @@", "- token = ***"]],
])("the preview of a change shows %s", (_, before, after, expected) => {
  expect(previewChange(before, after)).toEqual(expected);
});

const textOf = (lines: string[]): string => lines.map((line) => `${line}\n`).join("");

test("a preview carried out on the old lines gives the new ones", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (old, next) => {
      const result: string[] = [];
      let at = 0;
      for (const step of previewChange(textOf(old), textOf(next))) {
        const place = /^@@ line (\d+) @@$/.exec(step)?.[1];
        if (place !== undefined) result.push(...old.slice(at, (at = Number(place) - 1)));
        else if (step.startsWith("+ ")) result.push(step.slice(2));
        else expect(step).toBe(`- ${old[at++]}`);
      }
      expect([...result, ...old.slice(at)]).toEqual(next);
    }),
    { examples: [[["a"], []]] },
  );
});

test("a long file of Vouch's own is shown by its first lines and its length, whether it is new or deleted", () => {
  const text = Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join("");
  const length = Buffer.byteLength(text);
  for (const [sign, lines] of [
    ["+", previewChange(undefined, text)],
    ["-", previewChange(text, undefined)],
  ] as const) {
    expect(lines).toEqual([
      "@@ line 1 @@",
      ...Array.from({ length: 8 }, (_, index) => `${sign} line ${index + 1}`),
      `  (92 more lines, ${length} bytes in all)`,
    ]);
  }
  expect(previewChange("mine\n", `mine\n${text}`)).toHaveLength(101);
});
