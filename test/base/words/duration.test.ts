import { expect, test } from "bun:test";
import { timeLeftInOneWord } from "../../../src/base/words/duration.ts";

test.each([
  [8 * 3600, "8h00m"],
  [7 * 3600 + 5 * 60 + 59, "7h05m"],
  [3600, "1h00m"],
  [3599, "59m"],
  [15 * 60 + 1, "15m"],
  [15 * 60, "15m!"],
  [59, "0m!"],
  [0, "0m!"],
  [-5, "0m!"],
])("%d seconds are %s in a prompt", (seconds, text) => {
  expect(timeLeftInOneWord(seconds)).toBe(text);
});
