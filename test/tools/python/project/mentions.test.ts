import { expect, test } from "bun:test";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mentionsOfPip } from "../../../../src/tools/python/project/requirement-files.ts";
import { mentionsOfProject } from "../../../../src/tools/python/project/toml-files.ts";
import { tempFolder } from "../../../temp-folder.ts";

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

test.each(["./s", "-e ./s", "s", "./s[extra]", "file:s", "file:%73", "s @ file://FOLDER/s", "--editable=s", "s#egg=s"])(
  "what the project %s of a requirements file is built with is seen",
  (line) => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, "s"));
    const requires = ["x @ http://host.example/x.whl", "y"];
    writeFileSync(join(folder.path, "s/pyproject.toml"), `[build-system]\nrequires = ${JSON.stringify(requires)}\n`);
    writeFileSync(join(folder.path, "r.txt"), `${line.replace("FOLDER", folder.path)}\n`);
    const mentions = mentionsOfPip(["install", "-r", "r.txt"], folder.path, {}, { values: [], variables: new Set() });
    expect(mentions).toContainEqual(
      expect.objectContaining({
        kind: "url",
        url: "http://host.example/x.whl",
        place: join(folder.path, "s/pyproject.toml"),
      }),
    );
  },
);
