import { afterAll, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { memberFolders } from "../../../../src/tools/npm/guard/project/members.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const folder = tempFolderUntil(afterAll, "/tmp");
const root = join(folder, "project");
for (const path of ["packages/a/inner", "packages/b", "packages/node_modules/x", "apps/.hidden", "single"]) {
  mkdirSync(join(root, path), { recursive: true });
}
mkdirSync(join(folder, "elsewhere/deep"), { recursive: true });
symlinkSync("../../elsewhere", join(root, "packages/linked"));
symlinkSync("..", join(root, "packages/circle"));

const found = (...patterns: string[]) => {
  let refused = 0;
  const folders = memberFolders(root, patterns, () => refused++);
  expect(refused).toBe(0);
  return folders.map((path) => relative(root, path)).toSorted();
};

test.each([
  [["packages/*"], ["packages/a", "packages/b", "packages/circle", "packages/linked"]],
  [["./packages/*/"], ["packages/a", "packages/b", "packages/circle", "packages/linked"]],
  [
    ["packages/a", "single/"],
    ["packages/a", "single"],
  ],
  [
    ["packages/*/*"],
    [
      "packages/a/inner",
      "packages/circle/apps",
      "packages/circle/packages",
      "packages/circle/single",
      "packages/linked/deep",
    ],
  ],
  [["apps/**"], ["apps", "apps/.hidden"]],
  [["{single,packages/b}"], ["packages/b", "single"]],
  [["../elsewhere/*"], ["../elsewhere/deep"]],
  [["!packages/a"], []],
  [["missing/*"], []],
])("the patterns %j match %j", (patterns, expected) => {
  expect(found(...patterns)).toEqual(expected);
});

test("links that lead in a circle end the walk", () => {
  expect(found("packages/**")).toContain("packages/linked/deep");
});

test("a workspace with more folders than can be looked at is refused, without looking at all of them", () => {
  let refused = 0;
  const within = (limit: number) => memberFolders(root, ["packages/**", "single/**"], () => refused++, limit);
  expect(within(1000)).toContain(join(root, "single"));
  expect(refused).toBe(0);
  expect(within(3)).not.toContain(join(root, "single"));
  expect(refused).toBe(1);
});
