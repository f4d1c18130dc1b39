/** What names a page of the documentation names one that there is, by a URL: a machine with the program has no docs. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { documentationUrl } from "../../../src/base/words/documentation.ts";

const root = join(import.meta.dir, "../../..");
const sources = [...new Glob("src/**/*.{ts,tsx}").scanSync(root)].map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8"),
}));

test("a page's URL is in the repository of the package", () => {
  const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [, home] = /^git\+(.*)\.git$/.exec(repository.url)!;
  expect(documentationUrl("audit.md")).toBe(`${home}/blob/main/docs/audit.md`);
});

test("each page that is named exists", () => {
  const pages = sources.flatMap(({ text }) =>
    [...text.matchAll(/documentationUrl\("([^"]+)"\)/g)].map(([, page]) => page!),
  );
  expect(pages.length).toBeGreaterThan(0);
  expect(pages.filter((page) => !existsSync(join(root, "docs", page)))).toEqual([]);
});

test("no text names a page by its path in the repository", () => {
  const named = sources.flatMap(({ path, text }) =>
    text
      .split("\n")
      .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line) && /["'`].*(?<!main\/)docs\/[\w-]+\.md/.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  expect(named).toEqual([]);
});
