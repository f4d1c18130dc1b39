import { expect, test } from "bun:test";
import { count } from "../../../src/base/words/count.ts";

test.each([
  [0, "0 sessions"],
  [1, "1 session"],
  [2, "2 sessions"],
])("counts %i by its number", (number, expected) => {
  expect(count(number, "session")).toBe(expected);
});

test("takes a plural that is not made by an s", () => {
  expect([count(1, "person", "people"), count(2, "person", "people")]).toEqual(["1 person", "2 people"]);
});
