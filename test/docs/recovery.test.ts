/** docs/recovery.md: its commands are run by test/binary/recovery, heading by heading. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { blocksOf } from "./blocks.ts";

const folder = join(import.meta.dir, "../binary/recovery");
const sources = await Promise.all(
  [...new Glob("*.test.ts").scanSync(folder)].map((path) => Bun.file(join(folder, path)).text()),
);
const run = blocksOf("docs/recovery.md").filter(({ language, elsewhere }) => language === "sh" && !elsewhere);

test.each([...Map.groupBy(run, ({ heading }) => heading)])(
  "the runbook %p is followed by a test",
  (heading, blocks) => {
    const followed = (only?: number) => `follow("${heading}"${only === undefined ? "" : `, ${only}`})`;
    const isFollowed = (only?: number) => sources.some((source) => source.includes(followed(only)));
    expect(isFollowed() || blocks.every((_, index) => isFollowed(index))).toBe(true);
  },
);
