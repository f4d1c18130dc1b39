import { expect, test } from "bun:test";
import { tomlStatements } from "../../src/editing/toml-statements.ts";

/** "line from–to: table | key", for short. */
const statements = (text: string): string[] =>
  tomlStatements(text).map(
    ({ kind, table, key, from, to }) =>
      `${from}-${to} ${kind === "key/value" ? "" : `${kind} `}${table.join(".")} | ${key.join(".")}`,
  );

test.each([
  ["a key", "a = 1", ["0-1  | a"]],
  ["a table", "[a]\nb = 1\n", ["0-1 table a | ", "1-2 a | b"]],
  ["an array of tables", "[[a.b]]\nc = 1", ["0-1 array of tables a.b | ", "1-2 a.b | c"]],
  ["dotted keys with blanks", "a . b.c = 1", ["0-1  | a.b.c"]],
  ["quoted keys", `"a.b".'c"' = 1`, [`0-1  | a.b.c"`]],
  ["escapes in a key", `"\\u0061\\t\\U000000e9" = 1\n"\\"=" = 2`, ["0-1  | a\té", `1-2  | "=`]],
  ["comments and blank lines", "# a = 1\n\n  # [x]\n b = 1 # [y]\n", ["3-4  | b"]],
  ["a string with everything in it", `a = "#[]{}= \\" '"\nb = 1`, ["0-1  | a", "1-2  | b"]],
  ["a literal string", `a = '\\'\nb = 1`, ["0-1  | a", "1-2  | b"]],
  ["a string of several lines", `a = """\n[x]\n"" \\"""\n"""\nb = 1`, ["0-4  | a", "4-5  | b"]],
  ["one that ends in quotes", `a = """x"""""\nb = 1`, ["0-1  | a", "1-2  | b"]],
  ["a literal one", `a = '''\n[x] \\\n'' '''\nb = 1`, ["0-3  | a", "3-4  | b"]],
  ["an array of several lines", `a = [\n "]", # ]\n [1, 2],\n]\nb = 1`, ["0-4  | a", "4-5  | b"]],
  ["an inline table", `a = { b = "}", c = [1] }\nd = 1`, ["0-1  | a", "1-2  | d"]],
  ["an array of inline tables", `a = [\n{ b = 1 },\n{ b = """\n]""" }\n]\nc = 1`, ["0-5  | a", "5-6  | c"]],
  ["a date with a blank", "a = 1979-05-27 07:32:00\nb = 1", ["0-1  | a", "1-2  | b"]],
  ["Windows line ends", "[a]\r\nb = 1\r\n", ["0-1 table a | ", "1-2 a | b"]],
])("TOML is split into its statements: %s", (_, text, expected) => {
  expect(statements(text)).toEqual(expected);
});
