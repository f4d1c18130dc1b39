import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { yarnLine } from "../../../src/tools/yarn/version.ts";
import { tempFolder } from "../../temp-folder.ts";

const programs: Record<string, string> = {
  classic: '{"name":"yarn","version":"1.22.22"}',
  berry: '{"name":"@yarnpkg/cli-dist","version":"4.18.1"}',
  corepack: '{"name":"corepack","version":"0.34.7"}',
  other: '{"name":"other","version":"1.0.0"}',
};

test.each<[what: string, program: string, files: Record<string, string>, line: string | undefined]>([
  ["yarn 1", "classic", {}, "classic"],
  ["yarn 4", "berry", {}, "berry"],
  ["something else", "other", {}, undefined],
  ["corepack without a project", "corepack", {}, "classic"],
  ["corepack by packageManager", "corepack", { "package.json": '{"packageManager":"yarn@4.5.0+sha512.x"}' }, "berry"],
  ["corepack by yarn 1's", "corepack", { "package.json": '{"packageManager":"yarn@1.22.22"}' }, "classic"],
  [
    "corepack by devEngines",
    "corepack",
    { "package.json": '{"devEngines":{"packageManager":{"name":"yarn","version":"4.x"}}}' },
    "berry",
  ],
  ["the project's release", "classic", { ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.5.0.cjs\n" }, "berry"],
  [
    "the project's older release",
    "berry",
    { ".yarnrc.yml": 'yarnPath: ".yarn/releases/yarn-1.22.19.cjs"\n' },
    "classic",
  ],
  ["yarn-path of yarn 1", "classic", { ".yarnrc": 'yarn-path ".yarn/releases/yarn-2.4.3.cjs"\n' }, "berry"],
])("yarn's line is known from files: %s", (_, program, files, line) => {
  using folder = tempFolder();
  const at = (path: string): string => {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    return join(folder.path, path);
  };
  writeFileSync(at("package/package.json"), programs[program]!);
  writeFileSync(at("package/bin/yarn.js"), "");
  symlinkSync(at("package/bin/yarn.js"), at("bin/yarn"));
  for (const [name, text] of Object.entries(files)) writeFileSync(at(`project/${name}`), text);
  const env = { HOME: at("home"), COREPACK_HOME: at("corepack") };
  expect(yarnLine(join(folder.path, "bin/yarn"), join(folder.path, "project/inner"), env)).toBe(line as never);
});
