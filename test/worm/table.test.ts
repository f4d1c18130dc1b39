/** The threat model's table has every attempt of the worms. */
import { expect, test } from "bun:test";
import { attempts, inWords } from "./attempts.ts";
import { writtenRows } from "./table.ts";

test("the table in the threat model has a row for each attempt (`npm run worm -- --write`)", () => {
  expect(writtenRows()).toEqual(attempts.map(({ way, tries }) => [inWords(way), tries]));
});

test("the worms try at least forty ways, each once", () => {
  expect(attempts.length).toBeGreaterThanOrEqual(40);
  expect(new Set(attempts.map(({ name }) => name)).size).toBe(attempts.length);
});
