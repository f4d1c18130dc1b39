import { describe, expect, test } from "bun:test";
import {
  decodeRequirements,
  longOptionValues,
  requirementLines,
  lineWords,
  shortOptionValues,
} from "../../../../src/tools/python/project/requirements.ts";

const bytes = (text: string, encoding: BufferEncoding = "utf8"): Uint8Array => Buffer.from(text, encoding);

test.each<[string, Uint8Array, string | undefined]>([
  ["UTF-8", bytes("ä"), "ä"],
  ["UTF-8 with a mark", bytes("\ufeffa"), "a"],
  ["UTF-16, little end first", bytes("\ufeffa", "utf16le"), "a"],
  ["UTF-16, big end first", Uint8Array.of(0xfe, 0xff, 0, 0x61), "a"],
  ["what is no UTF-8", Uint8Array.of(0xe4), "ä"],
  ["Latin-1 by its name", bytes("# -*- coding: latin-1 -*-\nä", "latin1"), "# -*- coding: latin-1 -*-\nä"],
  ["UTF-8 by its name", bytes("# coding=utf-8\nä"), "# coding=utf-8\nä"],
  ["a coding that is no comment", bytes("coding: utf-7"), "coding: utf-7"],
  ["a coding in the third line", bytes("\n\n# coding: utf-7"), "\n\n# coding: utf-7"],
  ["UTF-7", bytes("# coding: utf-7"), undefined],
  ["escapes, in the second line", bytes("\n#coding:unicode_escape"), undefined],
  ["UTF-32", Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0), undefined],
])("the text of a requirements file is decoded: %s", (_, file, text) => {
  expect(decodeRequirements(file)).toBe(text);
});

describe("requirements are read in logical lines:", () => {
  const lines = (text: string, env = {}) => requirementLines(text, env).map(({ number, text: line }) => [number, line]);

  test.each<[string, string, [number, string][]]>([
    [
      "empty ones and comments are dropped",
      "a\n\n# b\n  #c\nd # e\n",
      [
        [1, "a"],
        [5, "d"],
      ],
    ],
    ["a hash within a word begins no comment", "a#b\n", [[1, "a#b"]]],
    [
      "continued ones have the first number",
      "x\na\\\n  b\\\nc\n",
      [
        [1, "x"],
        [2, "a  bc"],
      ],
    ],
    [
      "a continued one ends at a comment",
      "a\\\n# b\nc\n",
      [
        [1, "a"],
        [3, "c"],
      ],
    ],
    ["a backslash at the end of a comment continues nothing", "# a\\\nb\n", [[2, "b"]]],
    ["the last may be continued", "a\\\nb\\", [[1, "ab"]]],
    [
      "every line end of Python's",
      "a\rb\r\nc\vd\fe\x1cf\x85g\u2028h",
      "abcdefgh".split("").map((letter, index) => [index + 1, letter]),
    ],
    ["a byte order mark is no white space", "a\ufeff# b", [[1, "a\ufeff# b"]]],
  ])("%s", (_, text, expected) => {
    expect(lines(text)).toEqual(expected);
  });

  test("variables in requirements are put in, and those that are not set stay", () => {
    const env = { A: "1", EMPTY: "", B: "$&", lower: "x" };
    expect(lines("${A}${A} ${EMPTY} ${MISSING} ${B} ${lower} $A", env)).toEqual([
      [1, "11 ${EMPTY} ${MISSING} $& ${lower} $A"],
    ]);
  });
});

test.each<[string, string[]]>([
  ["a  b\tc", ["a", "b", "c"]],
  [`--trus"ted-h"'ost' x`, ["--trusted-host", "x"]],
  ["a\\ b \\c", ["a b", "c"]],
  [`"a\\"b\\c" 'd\\'`, [`a"b\\c`, "d\\"]],
  [`a "" b`, ["a", "", "b"]],
  ["a' --t x", ["a --t x", "--t", "x"]],
])("the words of the requirements line %s are those of pip", (line, words) => {
  expect(lineWords(line)).toEqual(words);
});

test.each<[string[], string[]]>([
  [["--trusted-host", "a"], ["a"]],
  [
    ["--trusted-host=a", "--trus=b", "--t", "c"],
    ["a", "b", "c"],
  ],
  [["--trusted-hosts=a", "--", "-t", "a", "--trusted-host"], []],
])("the trusted hosts among the words %p are found", (words, values) => {
  expect(longOptionValues(words, "--trusted-host")).toEqual(values);
});

test.each<[string[], string[]]>([
  [
    ["-r", "a", "-rb", "-qr", "c", "-qcd"],
    ["a", "b", "c", "d"],
  ],
  [["-tr", "-fc", "--r", "-i", "-", "r"], []],
  [["-r"], []],
])("the included files among the words %p are found", (words, values) => {
  expect(shortOptionValues(words, "rc")).toEqual(values);
});
