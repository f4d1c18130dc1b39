import { expect, test } from "bun:test";
import { bold, red, render, wantsColor } from "../../../src/cli/terminal/terminal.ts";

test.each([
  ["a terminal", true, {}, true],
  ["a pipe", false, {}, false],
  ["NO_COLOR on a terminal", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR", true, { NO_COLOR: "" }, true],
  ["TERM=dumb", true, { TERM: "dumb" }, false],
  ["FORCE_COLOR in a pipe", false, { FORCE_COLOR: "1" }, true],
  ["FORCE_COLOR against NO_COLOR", false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
])("whether there is colour is decided: %s", (_, isTerminal, env, expected) =>
  expect(wantsColor(isTerminal, env)).toBe(expected),
);

test.each([
  ["keeps our styles in colour", bold("a"), true, "\x1b[1ma\x1b[22m"],
  ["nests our styles", red(bold("a")), true, "\x1b[31m\x1b[1ma\x1b[22m\x1b[39m"],
  ["takes our styles out without colour", red(bold("a")), false, "a"],
  ["keeps the indent", "    a", true, "    a"],
  ["lets no style of others pass, not even the codes of ours", "\x1b[1ma\x1b[22m", true, "\ufffd[1ma\ufffd[22m"],
  ["cleans what stands inside of our style", bold("a\x1b[31m\nb"), true, "\x1b[1ma\ufffd[31m b\x1b[22m"],
])("a line for a terminal %s", (_, text, color, expected) => expect(render(text, color)).toBe(expected));
