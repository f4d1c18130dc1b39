import { expect, test } from "bun:test";
import { quoted } from "../../../src/cli/pinentry/quoted.ts";

test.each([
  ["what a package manager says", "npm asks to publish my-lib 1.0.0 to acme/repo.", undefined],
  ["a line end", "my-lib\nTouch now", "my-lib Touch now"],
  ["what a terminal obeys", "my\x1b[2Jlib", "my\ufffd[2Jlib"],
  ["what turns text round", "my-\u202ebil", "my-\ufffdbil"],
  ["what Qt takes for HTML", "<b>safe</b> &lt;", "\ufffdb\ufffdsafe\ufffd/b\ufffd \ufffdlt;"],
])("%s is shown as one line of plain text", (_, text, expected = text) => {
  expect(quoted(text)).toBe(expected);
});

test("a long name is cut in its middle, and what follows it still stands there", () => {
  const cut = quoted(`npm asks to publish ${"a".repeat(400)} to acme/repo.`);
  expect(cut).toHaveLength(300);
  expect(cut).toMatch(/^npm asks to publish a+…a+ to acme\/repo\.$/);
});
