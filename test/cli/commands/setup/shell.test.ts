import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFirstOnPath } from "../../../../src/cli/commands/setup/shell.ts";
import { tempFolder } from "../../../temp-folder.ts";

function put(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), 0o755);
}

test.each<[string, string, boolean]>([
  ["is first before another folder with the program", "shims:bin", true],
  ["is not first behind one", "bin:shims", false],
  ["is first behind a folder in which only a folder has the program's name", "named:shims", true],
  ["is not first where PATH lacks it", "bin", false],
])("the shims folder %s", (_, order, expected) => {
  using folder = tempFolder();
  put(join(folder.path, "shims"), "npm");
  put(join(folder.path, "bin"), "npm");
  mkdirSync(join(folder.path, "named/npm"), { recursive: true });
  const path = order.split(":").map((name) => join(folder.path, name));
  expect(isFirstOnPath(join(folder.path, "shims"), ["npm"], { PATH: path.join(":") })).toBe(expected);
});
