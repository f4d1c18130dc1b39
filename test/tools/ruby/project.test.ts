import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readProject } from "../../../src/tools/ruby/project.ts";
import { tempFolder } from "../../temp-folder.ts";

/** Reads a project with these files below a folder, from its folder `app`. */
function read(files: Record<string, string>, args: string[] = [], env: Record<string, string> = {}) {
  using folder = tempFolder();
  for (const [name, text] of Object.entries({ "app/.keep": "", ...files })) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return readProject(args, { HOME: join(folder.path, "home"), ...env }, join(folder.path, "app"));
}

test.each([
  ['BUNDLE_SSL_VERIFY_MODE: "0"'],
  ["BUNDLE_SSL_VERIFY_MODE: 1\nBUNDLE_SSL_VERIFY_MODE: 0"],
  ["BUNDLE_SSL_VERIFY_MODE: 10"],
  ['BUNDLE_SSL_VERIFY_MODE: "1"\nBUNDLE_SSL_CA_CERT: x'],
  ['"BUNDLE_SSL_CA_CERT": "/tmp/ca.pem"'],
  ["  BUNDLE_SSL_CLIENT_CERT: x"],
  ["BUNDLE_PATH: x\r\nBUNDLE_SSL_CA_CERT: y\r"],
])("settings of a project with %j are objected to", (line) => {
  for (const file of ["app/.bundle/config", ".bundle/config"]) {
    expect(read({ [file]: `---\n${line}\n` }).objection?.message).toContain("BUNDLE_SSL_");
  }
});

test("settings that say nothing of certificates are not, and neither are the user's own", () => {
  expect(
    read({ "app/.bundle/config": "---\nBUNDLE_PATH: vendor\n# BUNDLE_SSL_VERIFY_MODE: 0\n" }).objection,
  ).toBeUndefined();
  for (const value of ["1", '"1"', "'1'"]) {
    expect(read({ "app/.bundle/config": `---\nBUNDLE_SSL_VERIFY_MODE: ${value}\n` }).objection).toBeUndefined();
  }
  expect(read({ "home/.bundle/config": "BUNDLE_SSL_VERIFY_MODE: 0\n" }).objection).toBeUndefined();
});

test("settings beside a Gemfile that an argument, a variable or other settings name are looked at", () => {
  const evil = { "other/Gemfile": "", "other/.bundle/config": "BUNDLE_SSL_VERIFY_MODE: 0\n" };
  expect(read(evil).objection).toBeUndefined();
  expect(read(evil, ["--gemfile", "../other/Gemfile"]).objection).toBeDefined();
  expect(read(evil, ["--gemfile=../other/Gemfile"]).objection).toBeDefined();
  expect(read(evil, [], { BUNDLE_GEMFILE: "../other/Gemfile" }).objection).toBeDefined();
  expect(read(evil, [], { BUNDLE_APP_CONFIG: "../other/.bundle" }).objection).toBeDefined();
  for (const value of ["../other/Gemfile", '"../other/Gemfile"', "'../other/Gemfile'"]) {
    expect(read({ ...evil, "app/.bundle/config": `BUNDLE_GEMFILE: ${value}\n` }).objection).toBeDefined();
  }
});

test("settings that cannot be read are objected to", () => {
  expect(read({ "app/.bundle/config/x": "" }).objection?.message).toContain("cannot be read");
});

test("the texts hold what may name a source: manifests, lock files, arguments and variables", () => {
  const { texts } = read({ "app/Gemfile": "one", "gems.locked": "two" }, ["three"], { X: "four" });
  for (const text of ["one", "two", "three", "four"]) expect(texts).toContain(text);
});
