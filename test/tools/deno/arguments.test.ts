import { expect, test } from "bun:test";
import { loadsPackages, readDenoArguments, readsOnce } from "../../../src/tools/deno/arguments.ts";

test.each([
  ["install", true, true],
  ["-q install --allow-scripts", true, true],
  ["install npm:x", true, false],
  ["add npm:x", true, false],
  ["cache main.ts", true, true],
  ["-c deno.json ci", true, true],
  ["run main.ts", false, false],
  ["test", false, false],
  ["task install", false, false],
  ["main.ts", false, false],
  ["", false, false],
])("deno loads packages by `deno %s`: %p; and reads its configuration once: %p", (line, loads, once) => {
  const read = readDenoArguments(line.split(" ").filter(Boolean));
  expect([loadsPackages(read), readsOnce(read)]).toEqual([loads, once]);
});
