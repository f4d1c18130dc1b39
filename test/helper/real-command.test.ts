import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findRealCommand } from "../../src/helper/real-command.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);
const place = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  for (const name of ["shims", "plain", "first", "second"]) mkdirSync(place(name));
  symlinkSync(process.execPath, place("shims", "npm"));
  writeFileSync(place("plain", "npm"), "not executable");
  mkdirSync(place("plain", "pip"));
  for (const name of ["first", "second"]) {
    writeFileSync(place(name, "npm"), "#!/bin/sh\n");
    chmodSync(place(name, "npm"), 0o755);
  }
});

describe("findRealCommand passes over what is not the real command", () => {
  const table: [title: string, folders: string[], found: string | undefined][] = [
    ["a link to this executable", ["shims", "first"], "first"],
    ["a file that is not executable", ["plain", "first"], "first"],
    ["the first of two", ["second", "first"], "second"],
    ["nothing left", ["shims", "plain"], undefined],
  ];
  test.each(table)("%s", (_title, folders, found) => {
    const PATH = folders.map((name) => place(name)).join(":");
    expect(findRealCommand("npm", { PATH })).toBe(found === undefined ? undefined : place(found, "npm"));
  });

  test("the real command is never what this process has been already, but may be what another process has been", () => {
    const PATH = `${place("first")}:${place("second")}`;
    const been = (pid: number) => ({ PATH, VOUCH_SHIM_TRAIL: `${pid}:/usr/bin/env:${place("first", "npm")}` });
    expect(findRealCommand("npm", been(process.pid))).toBe(place("second", "npm"));
    expect(findRealCommand("npm", been(process.pid + 1))).toBe(place("first", "npm"));
  });

  test("the real command is not searched in relative and empty entries of PATH, which mean the current folder", () => {
    const before = process.cwd();
    process.chdir(place("first"));
    try {
      expect(findRealCommand("npm", { PATH: ":.:../second" })).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });
});
