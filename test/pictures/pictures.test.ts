/** docs/pictures: the files that `npm run pictures` makes, no others, small, and each shown by a document. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";
import { requires } from "../requires.ts";
import { tempFolder } from "../temp-folder.ts";
import { pictures } from "./list.ts";

const root = join(import.meta.dir, "../..");
const folder = join(root, "docs/pictures");
const files = pictures.map(({ name }) => `${name}.png`).toSorted();
const maxBytes = 100_000;

/** The pictures that documents show, as paths from the project's root. */
function shownPictures(): string[] {
  return ["*.md", "docs/**/*.md"].flatMap((pattern) =>
    [...new Glob(pattern).scanSync(root)].flatMap((page) => {
      const text = readFileSync(join(root, page), "utf8");
      return [...text.matchAll(/!\[[^\]]+\]\(([^)\s]+)\)/g)].map(([, path]) => normalize(join(dirname(page), path!)));
    }),
  );
}

test("the documents show every picture, and none that is not there", () => {
  expect([...new Set(shownPictures())].toSorted()).toEqual(files.map((file) => `docs/pictures/${file}`));
  expect(readdirSync(folder).toSorted()).toEqual(files);
});

describe.each([...pictures])("the picture $name", ({ name, width }) => {
  test("is as wide as it says, and small", () => {
    const png = readFileSync(join(folder, `${name}.png`));
    expect(png.subarray(12, 16).toString("latin1")).toBe("IHDR");
    expect(png.readUInt32BE(16)).toBe(width);
    expect(png.length).toBeLessThan(maxBytes);
  });
});

test.skipIf(!requires("chromium"))(
  "`npm run pictures` makes exactly these",
  async () => {
    using made = tempFolder();
    const command = [process.execPath, join(import.meta.dir, "main.ts"), made.path];
    const child = Bun.spawn(command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const [stderr] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).text()]);
    expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readdirSync(made.path).toSorted()).toEqual(files);
    for (const file of files) expect(readFileSync(join(made.path, file)).length).toBeLessThan(maxBytes);
  },
  600_000,
);
