/** The table of docs/performance.md: a figure that misses its aim is not left to the reader's arithmetic. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";

const page = readFileSync(join(import.meta.dir, "../../docs/performance.md"), "utf8");
const rows = [...page.matchAll(/^\| (`\w+`[^|]*) \|[^|]*\| ([≤≥]) ([\d.]+) \| ([^|]*) \|$/gm)].map(
  ([, figure, side, aim, measured]) => ({ figure: figure!, side, aim: Number(aim), measured: measured! }),
);

test.each(rows)("$figure: $measured", ({ side, aim, measured }) => {
  const [, from, to = from] = /^([\d.]+)(?:–([\d.]+))?/.exec(measured) ?? [];
  const isMissed = side === "≤" ? Number(to) > aim : Number(from) < aim;
  expect([measured, / missed( at times)?$/.test(measured)]).toEqual([measured, isMissed]);
});

test("the table has figures with an aim", () => {
  expect(rows.length).toBeGreaterThan(10);
});
