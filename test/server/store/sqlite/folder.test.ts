import { expect, test } from "bun:test";
import { realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../../../src/server/store/sqlite/folder.ts";
import { tempFolder } from "../../../temp-folder.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test("a folder is made with those above it, for its owner alone, and one that is there stays as it is", () => {
  using root = tempFolder();
  const path = join(root.path, "above/state");
  makeFolder(path);
  makeFolder(path);
  expect(modeOf(path)).toBe("700");
  makeFolder(root.path);
});

test.each(["private/state", "ABSOLUTE"])("the target of a link that leads nowhere is made: %p", (target) => {
  using root = tempFolder();
  const made = join(root.path, "private/state");
  const link = join(root.path, "state");
  symlinkSync(target === "ABSOLUTE" ? made : target, link);
  makeFolder(link);
  expect(realpathSync(link)).toBe(made);
  expect(modeOf(made)).toBe("700");
});

test("a file, and a link to itself, are no folder", () => {
  using root = tempFolder();
  const [file, loop] = [join(root.path, "file"), join(root.path, "loop")];
  writeFileSync(file, "");
  symlinkSync("loop", loop);
  for (const path of [file, loop]) expect(() => makeFolder(path)).toThrow("EEXIST");
});
