import { expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printable, printableJson } from "../../../src/base/words/printable.ts";

test.each([
  ["a title, a bell, a cursor movement", "\x1b]0;title\x07a\x1b[2J\x1b[H", "\ufffd]0;title\ufffda\ufffd[2J\ufffd[H"],
  ["the codes of our own styles", "\x1b[31mred\x1b[39m", "\ufffd[31mred\ufffd[39m"],
  ["line ends of every kind", "a\nb\r\nc\rd\u0085e\u2028f\u2029g\vh\fi", "a b c d e f g h i"],
  ["line ends with blanks around them, and tabs", "a  \n  \tb\tc", "a b c"],
  ["line ends at the ends", "\na\n", "a"],
  ["8-bit controls", "a\x9b2Jb\x90c\x80", "a\ufffd2Jb\ufffdc\ufffd"],
  ["NUL and DEL", "a\0b\x7f", "a\ufffdb\ufffd"],
  ["marks that reorder text", "a\u202eb\u2066c\u2069\u200f\u061cd", "a\ufffdb\ufffdc\ufffdd"],
  ["what has no width", "a\u200bb\u200dc\u2060d\ufeff!\u00ade", "a\ufffdb\ufffdc\ufffdd\ufffd!\ufffde"],
  ["tags beyond the basic plane", "a\u{e0041}\u{e0042}b", "a\ufffdb"],
  ["lone surrogates", "a\ud800b", "a\ufffdb"],
  ["letters of all scripts stay", "Grüße 日本 🙂 e\u0301", "Grüße 日本 🙂 e\u0301"],
])("text of others is made printable: %s", (_, text, expected) => expect(printable(text)).toBe(expected));

test.each([undefined, 2])("JSON keeps its value and has only visible characters, with indent %p", (indent) => {
  const value = { "k\u202e": "\x1b\x9b\u2028\u200b\ufeff\u{e0041}\ud800é日🙂\n" };
  const text = printableJson(value, indent);
  expect(JSON.parse(text)).toEqual(value);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(text).toContain("é日🙂");
});

test("only the borders write to descriptors", () => {
  const src = join(import.meta.dir, "../../../src");
  const writers = [...new Glob("**/*.ts").scanSync(src)].filter((file) =>
    /import \{[^}]*\bwrite(v?Sync|AllSync)?\b[^}]*\} from "node:fs"|\bfs\.write/.test(
      readFileSync(join(src, file), "utf8"),
    ),
  );
  // tty.ts writes what prompt.ts has cleaned; the log of the agent and of the server cleans by itself; the record of who
  // asked is JSON.
  expect(writers.sort()).toEqual([
    "agent/process/log-file.ts",
    "agent/process/log.ts",
    "agent/process/private-append-now.ts",
    "base/system/output.ts",
    "cli/terminal/tty.ts",
    "server/http/log-writer.ts",
  ]);
});
