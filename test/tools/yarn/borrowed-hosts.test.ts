import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { borrowedHost } from "../../../src/tools/yarn/borrowed-hosts.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const home = tempFolderUntil(afterAll, "/tmp");
let count = 0;

interface Case {
  /** The user's ~/.npmrc. */
  own?: string;
  /** The registries that the shim gives to yarn. */
  lines?: string[];
  files: Record<string, string>;
}

const all = ["registry=https://host.example/npm/repo/"];
const scoped = ["@acme:registry=https://host.example/npm/repo/"];
const lock = (header: string, host = "packages.example") =>
  `# yarn lockfile v1\n\n\n${header}:\n  version "1.0.0"\n  resolved "https://${host}/x/-/x-1.0.0.tgz#abc"\n`;

function ask({ own = "//packages.example/:_authToken=x\n", lines = all, files }: Case): string | undefined {
  const folder = join(home, `${count++}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(home, ".npmrc"), own);
  const question = { folder, addresses: ["host.example/npm/repo/"], userConfig: join(home, ".npmrc"), lines };
  return borrowedHost({ ...question, env: { HOME: home } })?.message;
}

test.each<[what: string, given: Case]>([
  ["a package of the one registry", { files: { "yarn.lock": lock("x@^1.0.0") } }],
  ["one of several specifications", { files: { "yarn.lock": lock('"x@^1.0.0", x@1') } }],
  ["a package of a scope", { lines: scoped, files: { "yarn.lock": lock('"@acme/x@^1.0.0"') } }],
  ["an alias of one", { lines: scoped, files: { "yarn.lock": lock('"y@npm:@acme/x@1.0.0"') } }],
  ["another spelling of the host", { files: { "yarn.lock": lock("x@1", "www.PACKAGES.example") } }],
  ["an escape", { files: { "yarn.lock": lock("x@1").replace("https:", "\\u0068ttps:") } }],
  ["a dependency", { files: { "package.json": '{"dependencies":{"x":"https://packages.example/x.tgz"}}' } }],
  [
    "a scope that the project gives to the registry",
    {
      lines: [],
      files: { ".npmrc": "@b:registry=https://host.example/npm/repo\n", "yarn.lock": lock('"@b/x@1"') },
    },
  ],
  [
    "a registry in .yarnrc",
    { lines: [], files: { ".yarnrc": 'registry "https://host.example/npm/repo"\n', "yarn.lock": lock("x@1") } },
  ],
])("yarn 1 would send the token to a host of the user's own credentials: %s", (_, given) => {
  expect(ask(given)).toMatch(/(yarn\.lock|package\.json): \S+ comes from packages\.example, .*yarn 1 would send/);
});

test.each<[what: string, given: Case]>([
  ["a package of another registry", { lines: scoped, files: { "yarn.lock": lock("x@^1.0.0") } }],
  ["no credential for the host", { own: "//other.example/:_authToken=x\n", files: { "yarn.lock": lock("x@1") } }],
  ["no credential", { own: "", files: { "yarn.lock": lock("x@1") } }],
  [
    "another repository of the registry's host",
    { own: "//host.example/npm/other/:_authToken=x\n", files: { "yarn.lock": lock("x@1", "host.example/npm/repo") } },
  ],
  ["the registry's own host", { files: { "yarn.lock": lock("x@1", "host.example/npm/repo") } }],
  [
    "a scope of another registry",
    {
      own: "//npm.pkg.example/:_authToken=x\n@b:registry=https://npm.pkg.example/\n",
      files: { "yarn.lock": lock('"@b/x@1"', "npm.pkg.example") },
    },
  ],
])("yarn 1 sends no token to a host of the user's own: %s", (_, given) => {
  expect(ask(given)).toBeUndefined();
});
