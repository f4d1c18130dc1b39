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

test.each([
  ["install --lock=a.json --config b.json", ["a.json"], ["b.json"]],
  ["install -c b.json --import-map m.json", ["m.json"], ["b.json"]],
  ["-cb.json install --lock a.json", ["a.json"], ["b.json"]],
  ["install --cert c --lock", [], []],
])("of `deno %s` the files %j and the configurations %j are looked at", (line, files, configurations) => {
  expect(readDenoArguments(line.split(" "))).toMatchObject({ files, configurations });
});
