import { expect, test } from "bun:test";
import { asksRegistry, readYarnArguments } from "../../../src/tools/yarn/arguments.ts";

test.each([
  ["", true],
  ["install", true],
  ["--cwd run install", true],
  ["--cwd=run add x", true],
  ["--silent publish", true],
  ["global add x", true],
  ["run install", false],
  ["build", false],
  ["test --ci", false],
  ["--version", false],
  ["exec install", false],
])("yarn 1 contacts a registry by `yarn %s`: %p", (line, asks) => {
  expect(asksRegistry(line.split(" ").filter(Boolean))).toBe(asks);
});

test("the folders of yarn 1 are those of --cwd", () => {
  expect(readYarnArguments(["--cwd", "a", "install", "--cwd=b", "--", "--cwd", "c"]).folders).toEqual(["a", "b"]);
});
