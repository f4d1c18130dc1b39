import { expect, test } from "bun:test";
import { secondsInWords } from "../../src/base/duration.ts";

test.each([
  [50, "0.05 seconds"],
  [1000, "1 second"],
  [3647, "4 seconds"],
  [20_000, "20 seconds"],
])("%p ms are %s", (ms, words) => expect(secondsInWords(ms)).toBe(words));
