import { expect, onTestFinished, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { linkTo } from "../../../src/tools/poetry/shim.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

test("of several that make the link at once, each finds it", () => {
  const link = join(tempFolderUntil(onTestFinished), "config.toml");
  for (let run = 0; run < 2; run++) linkTo("/proc/self/fd/200", link);
  expect(readlinkSync(link)).toBe("/proc/self/fd/200");
});

test("a link that cannot be made is an error", () => {
  const folder = tempFolderUntil(onTestFinished);
  expect(() => linkTo("/proc/self/fd/200", join(folder, "gone", "config.toml"))).toThrow("ENOENT");
});
