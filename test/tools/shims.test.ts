import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stableExecutable } from "../../src/tools/executable.ts";
import type { RepositorySettings } from "../../src/settings/settings.ts";
import { applyShims, findInstalled, shimsFolder } from "../../src/tools/shims.ts";
import { neededShims } from "../../src/tools/tools.ts";
import { myRepository } from "../settings/my-repository.ts";
import { rejection } from "../rejection.ts";
import { tempFolderUntil } from "../temp-folder.ts";

let folder: string;
let shims: string;
let vouch: string;
beforeEach(() => {
  folder = tempFolderUntil(onTestFinished);
  shims = join(folder, "data/vouch/shims");
  mkdirSync(join(folder, "bin"));
  vouch = join(folder, "bin/vouch");
  writeFileSync(vouch, "", { mode: 0o755 });
});

test("the links of the shims are made, repeated without change, and removed with their folder", () => {
  expect(applyShims(shims, ["keyring", "npm"], vouch)).toEqual({ added: ["keyring", "npm"], removed: [] });
  expect(readlinkSync(join(shims, "keyring"))).toBe(vouch);
  expect(statSync(shims).mode & 0o777).toBe(0o700);
  expect(applyShims(shims, ["keyring", "npm"], vouch)).toEqual({ added: [], removed: [] });
  expect(applyShims(shims, ["keyring"], vouch)).toEqual({ added: [], removed: ["npm"] });
  expect(applyShims(shims, [], vouch)).toEqual({ added: [], removed: ["keyring"] });
  expect(existsSync(shims)).toBe(false);
  expect(applyShims(shims, [], vouch)).toEqual({ added: [], removed: [] });
});

test("a shim to a vouch that has moved is renewed", () => {
  mkdirSync(shims, { recursive: true });
  symlinkSync(join(folder, "gone/vouch"), join(shims, "npm"));
  expect(applyShims(shims, ["npm"], vouch).added).toEqual(["npm"]);
  expect(readlinkSync(join(shims, "npm"))).toBe(vouch);
});

test.each([
  ["a file", (path: string) => writeFileSync(path, "mine")],
  ["a link to something else", (path: string) => symlinkSync("/bin/sh", path)],
  ["a folder", (path: string) => mkdirSync(path)],
])("%s of someone else in the place of a shim is neither replaced nor removed", async (_, make) => {
  mkdirSync(shims, { recursive: true });
  make(join(shims, "npm"));
  const error = await rejection(Promise.try(() => applyShims(shims, ["keyring", "npm"], vouch)));
  expect(error).toMatchObject({ code: "edit_conflict" });
  expect(readdirSync(shims)).toEqual(["npm"]);
  expect(applyShims(shims, [], vouch)).toEqual({ added: [], removed: [] });
  expect(readdirSync(shims)).toEqual(["npm"]);
});

test("a place for shims that cannot be written is an error", async () => {
  writeFileSync(join(folder, "data"), "a file");
  const error = await rejection(Promise.try(() => applyShims(shims, ["npm"], vouch)));
  expect(error).toMatchObject({ code: "file_error" });
  expect(readFileSync(join(folder, "data"), "utf8")).toBe("a file");
});

test.each([
  [["cargo"], []],
  [["npm"], ["npm", "npx"]],
  [["pip"], ["keyring", "pip", "pip3"]],
  [
    ["npm", "pip"],
    ["keyring", "pip", "pip3", "npm", "npx"],
  ],
])("the tools %j need the shims %j", (names, shimNames) => {
  const files = Object.fromEntries(names.map((name) => [name, "/file"]));
  const repository: RepositorySettings = { ...myRepository, files };
  expect(neededShims({ version: 1, repositories: [repository] }, { PATH: shims })).toEqual(shimNames);
});

describe("pnpm and its other names", () => {
  const npm: RepositorySettings = { ...myRepository, files: { npm: "/file" } };
  const program = (...path: string[]) => {
    mkdirSync(join(folder, ...path, ".."), { recursive: true });
    writeFileSync(join(folder, ...path), "#!/bin/sh\n", { mode: 0o755 });
  };

  test.each([
    ["is not there", [], []],
    ["is there", ["tools/pnpm"], ["pnpm"]],
    [
      "is there with its other names",
      ["tools/pnpm", "tools/pnpx", "tools/pn", "tools/pnx"],
      ["pnpm", "pnpx", "pn", "pnx"],
    ],
    ["is not beside a program with one of its short names", ["tools/pnpm", "other/pn"], ["pnpm"]],
    ["has only a short name", ["tools/pn"], []],
  ])("get a shim where it %s", (_, programs, needed) => {
    for (const path of programs) program(path);
    const env = { PATH: `${shims}:${folder}/tools:${folder}/other` };
    expect(neededShims({ version: 1, repositories: [npm] }, env)).toEqual(["npm", "npx", ...needed]);
    expect(neededShims({ version: 1, repositories: [{ ...npm, files: {} }] }, env)).toEqual([]);
  });

  test("are found behind Vouch's own link, never by that link or in the current folder", () => {
    applyShims(shims, ["pnpm"], vouch);
    expect(findInstalled("pnpm", { PATH: shims })).toBeUndefined();
    program("tools/pnpm");
    expect(findInstalled("pnpm", { PATH: `${shims}:${folder}/tools` })).toBe(join(folder, "tools/pnpm"));
    const before = process.cwd();
    process.chdir(join(folder, "tools"));
    try {
      expect(findInstalled("pnpm", { PATH: ".:" })).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });
});

test.each([
  [{ HOME: "/home/dev" }, "/home/dev/.local/share/vouch/shims"],
  [{ HOME: "/home/dev", XDG_DATA_HOME: "/data" }, "/data/vouch/shims"],
  [{ HOME: "/home/dev", XDG_DATA_HOME: "relative" }, "/home/dev/.local/share/vouch/shims"],
])("with the environment %j the shims are in %s", (env, path) => {
  expect(shimsFolder(env)).toBe(path);
});

describe("the path to vouch that is written into files", () => {
  test("is the place on PATH that leads to this executable", () => {
    const cellar = join(folder, "Cellar/vouch/1.2.3/bin");
    mkdirSync(cellar, { recursive: true });
    writeFileSync(join(cellar, "vouch"), "");
    mkdirSync(join(folder, "homebrew"));
    symlinkSync(join(cellar, "vouch"), join(folder, "homebrew/vouch"));
    const temporary = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(folder, "tmp");
    try {
      const env = { PATH: `relative::${folder}/bin:${folder}/homebrew` };
      expect(stableExecutable(env, join(cellar, "vouch"))).toBe(join(folder, "homebrew/vouch"));
      expect(stableExecutable({ PATH: `${folder}/bin` }, join(cellar, "vouch"))).toBe(join(cellar, "vouch"));
    } finally {
      if (temporary === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = temporary;
    }
  });

  test("is never below the temporary folder when there is another", () => {
    mkdirSync(join(folder, "temporary"));
    symlinkSync(vouch, join(folder, "temporary/vouch"));
    const env = { PATH: join(folder, "temporary") };
    // The folder of this test is below the temporary folder itself.
    expect(stableExecutable(env, vouch)).toBe(vouch);
  });
});
