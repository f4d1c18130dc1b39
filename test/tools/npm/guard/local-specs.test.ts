import { describe, expect, test } from "bun:test";
import { localPaths, repositoryPaths, specsOf } from "../../../../src/tools/npm/guard/project/local-specs.ts";

describe("a folder is found in every spelling that a version of npm or pnpm follows", () => {
  test.each([
    ["./w", "./w"],
    ["w/", "w/"],
    ["../w", "../w"],
    ["/abs/w", "/abs/w"],
    ["~/w", "/home/me/w"],
    ["file:w", "w"],
    ["FILE:w", "w"],
    ["file:%77", "w"],
    ["file:w?x", "w"],
    ["file:w#x", "w"],
    ["file:.//w/", ".//w/"],
    ["file:./w\\", "./w/"],
    [".\\w", "./w"],
    ["./w ", "./w"],
    ["file://localhost/abs/w", "/abs/w"],
    ["file:///abs/w", "/abs/w"],
    ["file:///%2e//abs/%77", "/.//abs/w"],
    ["file:~/w", "/home/me/w"],
    ["link:w", "w"],
    ["portal:w", "w"],
    ["workspace:w", "w"],
    ["name@file:w", "w"],
    ["@scope/name@./w", "./w"],
    ["archive.tgz", "archive.tgz"],
  ])("%j may be %s", (spec, path) => expect(localPaths(spec, "/home/me")).toContain(path));
});

test("what names nothing on this machine, or cannot be a path, is no path that exists", () => {
  expect(localPaths("", "/home/me")).toEqual([]);
  expect(localPaths("a\0b", "/home/me")).toEqual([]);
  expect(localPaths("x".repeat(5000), "/home/me")).toEqual([]);
  expect(localPaths("%zz", "/home/me")).toEqual(["%zz"]);
});

test("specifications are found at any depth of the fields that have them", () => {
  const manifest = {
    name: "no",
    dependencies: { a: "1" },
    overrides: { b: { ".": "2", c: "3" } },
    pnpm: { overrides: { d: "4" } },
    resolutions: { e: "5" },
  };
  expect(specsOf(manifest).toSorted()).toEqual(["1", "2", "3", "4", "5"]);
});

test.each([
  ["git+file:///abs/h.git", "/abs/h.git"],
  ["GIT+FILE:///abs/%68.git#main", "/abs/h.git"],
  ["b@git+file:///abs/h.git", "/abs/h.git"],
])("%s is the repository %s", (spec, path) => expect(repositoryPaths(spec, "/home/me")).toContain(path));

test.each(["git+https://host.example/h.git", "file:h", "h"])("%s is no repository on this machine", (spec) => {
  expect(repositoryPaths(spec, "/home/me")).toEqual([]);
});
