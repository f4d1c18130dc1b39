import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findAllOnPath, findOnPath } from "../../../src/base/system/path.ts";
import { tempFolder } from "../../temp-folder.ts";

test("relative and empty entries of PATH are never searched", () => {
  using folder = tempFolder();
  for (const each of ["bin", "other"]) {
    mkdirSync(join(folder.path, each));
    symlinkSync("/bin/true", join(folder.path, each, "planted"));
  }
  symlinkSync("/bin/true", join(folder.path, "planted"));
  const before = process.cwd();
  process.chdir(folder.path);
  try {
    for (const PATH of ["bin", "./bin:", "", ".", ":", ":/nowhere", "/nowhere:", "..:bin/../bin"]) {
      expect(findOnPath("planted", { PATH })).toBeUndefined();
    }
    expect(findOnPath("planted", {})).toBeUndefined();
    const PATH = `bin:${folder.path}/bin:.:${folder.path}/other:`;
    expect(findOnPath("planted", { PATH })).toBe(`${folder.path}/bin/planted`);
    expect(findAllOnPath("planted", { PATH })).toEqual([`${folder.path}/bin/planted`, `${folder.path}/other/planted`]);
  } finally {
    process.chdir(before);
  }
});

test("a name with a slash is not taken as a path from the current folder", () => {
  using folder = tempFolder();
  symlinkSync("/bin/true", join(folder.path, "planted"));
  for (const name of ["./planted", "../planted", `${folder.path}/planted`]) {
    expect(findOnPath(name, { PATH: folder.path })).toBeUndefined();
  }
});
