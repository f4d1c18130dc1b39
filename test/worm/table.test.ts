/** The threat model's table has every attempt of the worms. */
import { expect, test } from "bun:test";
import { attempts, inWords, worms } from "./attempts.ts";
import { writtenRows } from "./table.ts";

test("the table in the threat model has a row for each attempt (`npm run worm -- --write`)", () => {
  const [, ...rows] = writtenRows();
  expect(rows.map((cells) => cells.slice(0, 2))).toEqual(attempts.map(({ way, tries }) => [inWords(way), tries]));
});

test("the table says of every worm what it got by each attempt", () => {
  const [head, ...rows] = writtenRows();
  expect(head?.slice(2)).toEqual([...worms]);
  const cells = rows.flatMap((row) => row.slice(2));
  expect(cells.length).toBe(attempts.length * worms.length);
  expect(cells.filter((cell) => !["nothing", "credentials", "read token"].includes(cell))).toEqual([]);
});

test("the worms try at least forty ways, each once", () => {
  expect(attempts.length).toBeGreaterThanOrEqual(40);
  expect(new Set(attempts.map(({ name }) => name)).size).toBe(attempts.length);
});
