/** The folder of plugins holds what Vouch has written, whatever another program has put there before. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pluginFolder, searchPathWith } from "../../src/tools/plugin-folder.ts";
import { tempFolder } from "../temp-folder.ts";

const place = tempFolder();
const before = process.env["VOUCH_RUNTIME_DIR"];
beforeEach(() => void (process.env["VOUCH_RUNTIME_DIR"] = join(place.path, "run")));
afterEach(() => {
  if (before === undefined) delete process.env["VOUCH_RUNTIME_DIR"];
  else process.env["VOUCH_RUNTIME_DIR"] = before;
});

test("it has nothing in it but the files, also where somebody has prepared it", () => {
  const files = { "keyring/__init__.py": "one", "keyring/errors.py": "two" };
  const folder = pluginFolder("twine", files);
  writeFileSync(join(folder, "sitecustomize.py"), "planted");
  mkdirSync(join(folder, "keyring/__pycache__"));
  writeFileSync(join(folder, "keyring/__pycache__/__init__.cpython-313.pyc"), "planted");
  expect(pluginFolder("twine", files)).toBe(folder);
  expect((readdirSync(folder, { recursive: true }) as string[]).sort()).toEqual([
    "keyring",
    "keyring/__init__.py",
    "keyring/errors.py",
  ]);
  expect(readFileSync(join(folder, "keyring/__init__.py"), "utf8")).toBe("one");
});

test("a link leads where it shall, and what it leads to stays when the folder goes", () => {
  const target = join(place.path, "target");
  writeFileSync(target, "kept");
  for (let run = 0; run < 2; run++) {
    const folder = pluginFolder("poetry", { "config.toml": { linkTo: target } });
    expect(readFileSync(join(folder, "config.toml"), "utf8")).toBe("kept");
  }
  pluginFolder("poetry", {});
  expect(readFileSync(target, "utf8")).toBe("kept");
});

test("those of processes that have ended go, others stay", () => {
  const parent = dirname(pluginFolder("gem", {}));
  const ended = Bun.spawnSync(["true"]).pid;
  for (const each of [`twine-${ended}`, `twine-${process.ppid}`, "planted"]) mkdirSync(join(parent, each));
  const folder = pluginFolder("gem", {});
  expect(readdirSync(parent).sort()).toEqual([folder.slice(parent.length + 1), `twine-${process.ppid}`].sort());
});

test.each([
  [undefined, "/ours"],
  ["", "/ours"],
  [":/opt/lib", "/ours:/opt/lib"],
  ["/a::/b:.:lib:/c:", "/ours:/a:/b:/c"],
])("the search path %p gets our folder first, and no project's folder", (path, expected) => {
  expect(searchPathWith("/ours", path)).toBe(expected);
});
