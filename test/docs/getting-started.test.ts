/** docs/getting-started.md: its commands are typed by test/binary/first-person, heading by heading. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { blocksOf } from "./blocks.ts";

const folder = join(import.meta.dir, "../binary/first-person");
const sources = await Promise.all(
  [...new Glob("*.ts").scanSync(folder)].map((path) => Bun.file(join(folder, path)).text()),
);
const run = blocksOf("docs/getting-started.md").filter(({ language, elsewhere }) => language === "sh" && !elsewhere);

test.each([...new Set(run.map(({ heading }) => heading))])("what is under %p is typed by a test", (heading) => {
  expect(sources.some((source) => source.includes(`"${heading}"`))).toBe(true);
});

test("headings with commands have names of their own", () => {
  const places = run.map(({ heading, line }) => ({ heading, line }));
  const begins = places.filter(({ heading }, index) => places[index - 1]?.heading !== heading);
  expect(begins.map(({ heading }) => heading)).toEqual([...new Set(begins.map(({ heading }) => heading))]);
});
