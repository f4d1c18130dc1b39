import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { become, findRealCommand } from "../../src/helper/real-command.ts";

let folder = "";
const place = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vouch-real-command-"));
  for (const name of ["shims", "plain", "first", "second", "other-vouch"]) mkdirSync(place(name));
  symlinkSync(process.execPath, place("shims", "npm"));
  writeFileSync(place("plain", "npm"), "not executable");
  mkdirSync(place("plain", "pip"));
  for (const name of ["first", "second"]) {
    writeFileSync(place(name, "npm"), "#!/bin/sh\n");
    chmodSync(place(name, "npm"), 0o755);
  }
  writeFileSync(place("other-vouch", "vouch"), "#!/bin/sh\n");
  chmodSync(place("other-vouch", "vouch"), 0o755);
  symlinkSync(place("other-vouch", "vouch"), place("other-vouch", "npm"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("findRealCommand passes over what is not the real command", () => {
  const table: [title: string, folders: string[], found: string | undefined][] = [
    ["a link to this executable", ["shims", "first"], "first"],
    ["a link to another vouch", ["other-vouch", "second"], "second"],
    ["a file that is not executable", ["plain", "first"], "first"],
    ["the first of two", ["second", "first"], "second"],
    ["nothing left", ["shims", "plain"], undefined],
  ];
  test.each(table)("%s", (_title, folders, found) => {
    const path = folders.map((name) => place(name)).join(":");
    expect(findRealCommand("npm", path)).toBe(found === undefined ? undefined : place(found, "npm"));
  });

  test("relative and empty entries of PATH, which mean the current folder", () => {
    const before = process.cwd();
    process.chdir(place("first"));
    try {
      expect(findRealCommand("npm", `:.:../second`)).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });
});

test("become refuses a command that leads back to Vouch in the same process", () => {
  const file = place("first", "npm");
  expect(() => become(file, [], { VOUCH_SHIM: `${file}@${process.pid}` })).toThrow("leads back to Vouch");
});
