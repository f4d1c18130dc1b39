import { expect, test } from "bun:test";
import { bold, printable, red, wantsColor } from "../../src/cli/terminal.ts";

test.each([
  ["a terminal", true, {}, true],
  ["a pipe", false, {}, false],
  ["NO_COLOR on a terminal", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR", true, { NO_COLOR: "" }, true],
  ["TERM=dumb", true, { TERM: "dumb" }, false],
  ["FORCE_COLOR in a pipe", false, { FORCE_COLOR: "1" }, true],
  ["FORCE_COLOR against NO_COLOR", false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
])("colour: %s", (_, isTerminal, env, expected) => expect(wantsColor(isTerminal, env)).toBe(expected));

test.each([
  ["keeps our styles in colour", bold("a"), true, "\x1b[1ma\x1b[22m"],
  ["takes our styles out without colour", red(bold("a")), false, "a"],
  ["keeps line ends and tabs", "a\n\tb", true, "a\n\tb"],
  ["takes out a title, a bell, a cursor movement", "\x1b]0;title\x07a\x1b[2J\x1b[H", true, "]0;titlea[2J[H"],
  ["takes out carriage returns, which write over a line", "evil\rgood", false, "evilgood"],
  ["takes out 8-bit controls", "a\x9b2Jb", true, "a2Jb"],
  ["takes out marks that reorder text", "a\u202eb\u2066c", true, "abc"],
  ["keeps letters of all scripts", "Grüße 日本 🙂", false, "Grüße 日本 🙂"],
])("printable %s", (_, text, color, expected) => expect(printable(text, color)).toBe(expected));
