/** The folder of plugins holds what Vouch has written, whatever another program has put there before. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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
  const next = pluginFolder("twine", files);
  expect(readdirSync(dirname(next))).toEqual([basename(next)]);
  expect((readdirSync(next, { recursive: true }) as string[]).sort()).toEqual([
    "keyring",
    "keyring/__init__.py",
    "keyring/errors.py",
  ]);
  expect(readFileSync(join(next, "keyring/__init__.py"), "utf8")).toBe("one");
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

test("those of this machine's processes that have ended go; those of another go by age, whatever runs here", () => {
  const first = pluginFolder("gem", {});
  const parent = dirname(first);
  const [, here] = /^gem-([0-9a-f]{8})-\d+-\w{6}$/.exec(basename(first))!;
  const there = here === "00000000" ? "11111111" : "00000000";
  const ended = Bun.spawnSync(["true"]).pid;
  const kept = [`twine-${here}-${process.ppid}-abcdef`, `twine-${there}-${ended}-abcdef`];
  const gone = [`twine-${here}-${ended}-abcdef`, `hatch-${there}-${process.ppid}-abcdef`];
  for (const each of [...kept, ...gone]) mkdirSync(join(parent, each));
  const old = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  utimesSync(join(parent, gone[1]!), old, old);
  const folder = pluginFolder("gem", {});
  expect(readdirSync(parent).sort()).toEqual([basename(folder), ...kept].sort());
});

test.each([
  [undefined, "/ours"],
  ["", "/ours"],
  [":/opt/lib", "/ours:/opt/lib"],
  ["/a::/b:.:lib:/c:", "/ours:/a:/b:/c"],
])("the search path %p gets our folder first, and no project's folder", (path, expected) => {
  expect(searchPathWith("/ours", path)).toBe(expected);
});
