import { expect, test } from "bun:test";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mentionsOfProject } from "../../../src/tools/python/mentions.ts";
import { tempFolder } from "../../temp-folder.ts";

test.each<[string, (path: string) => unknown]>([
  ["a named pipe", (path) => Bun.spawnSync(["mkfifo", path])],
  ["a folder", (path) => mkdirSync(path)],
  [
    "too large",
    (path) => {
      writeFileSync(path, "");
      truncateSync(path, (4 << 20) + 1);
    },
  ],
])("a pyproject.toml that is %s is unknown, and is not waited for", (_, put) => {
  using folder = tempFolder();
  const place = join(folder.path, "pyproject.toml");
  put(place);
  expect(mentionsOfProject(folder.path, ["pyproject.toml"], false)).toMatchObject([{ kind: "unknown", place }]);
});

test("a project's files count in its folder and in every parent, nearest first", () => {
  using folder = tempFolder();
  const inner = join(folder.path, "a/b");
  mkdirSync(inner, { recursive: true });
  for (const [at, host] of [
    [inner, "near"],
    [folder.path, "far"],
  ] as const) {
    writeFileSync(join(at, "uv.toml"), `index-url = "https://${host}.example.com/"\n`);
  }
  const urls = (above: boolean) => mentionsOfProject(inner, ["uv.toml"], above).map(({ url }) => url);
  expect(urls(true)).toEqual(["https://near.example.com/", "https://far.example.com/"]);
  expect(urls(false)).toEqual(["https://near.example.com/"]);
});
