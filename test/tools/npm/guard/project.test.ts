import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { examineProject } from "../../../../src/tools/npm/guard/project/project.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

const folder = tempFolderUntil(afterAll, "/tmp");
const lock = "packages:\n  x@1.0.0:\n    resolution: {tarball: http://host.example/x.tgz}\n";
let count = 0;

function examine(files: Record<string, string>) {
  const project = join(folder, `${count++}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  }
  return examineProject({
    tool: "pnpm",
    readers: ["pnpm"],
    folders: [project],
    hosts: ["host.example"],
    addresses: ["host.example/npm/repo/"],
    replacedHosts: [],
    env: {},
    userFiles: [],
    publishes: false,
  });
}

test.each([
  ["lockfileDir", "pnpm-lock.yaml"],
  ["lockfileDir", "pnpm-lock.main.yaml"],
  ["virtualStoreDir", "lock.yaml"],
  ["modulesDir", ".pnpm/lock.yaml"],
])("pnpm's lock file in the place that %s names is looked at: %s", async (key, name) => {
  const kebab = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  for (const setting of [
    { "pnpm-workspace.yaml": `${key}: place\n` },
    { ".npmrc": `${kebab}=place\n` },
    { ".npmrc": `${kebab}=\${NOTHING-pl}ace\n` },
  ]) {
    const { objections } = await examine({ ...setting, [`place/${name}`]: lock });
    expect(objections).toEqual([
      expect.objectContaining({
        file: expect.stringContaining(`/place/${name}`),
        why: expect.stringContaining("plain http"),
      }),
    ]);
  }
});

test("a setting that names no place leads nowhere", async () => {
  const { objections } = await examine({ "pnpm-workspace.yaml": "storeDir: place\n", "place/pnpm-lock.yaml": lock });
  expect(objections).toEqual([]);
});

test.each([
  [".npmrc", "registry=${NO-http}://host.example/npm/"],
  [".npmrc", "registry=${NO?-http}://host.example/npm/"],
  [".npmrc", "${NO-https-proxy}=https://other.example/"],
  [".npmrc", "${NO:-ca}=x"],
  ["pnpm-workspace.yaml", "${NO-httpsProxy}: https://other.example/"],
  ["pnpm-workspace.yaml", "${NO-strictSsl}: false"],
  ["pnpm-workspace.yaml", "registries:\n  default: ${NO-http}://host.example/npm/"],
])("what pnpm makes of variables in %s is looked at: %s", async (name, text) => {
  expect((await examine({ [name]: `${text}\n` })).objections).not.toEqual([]);
});

test.each([
  "overrides:\n  x: file:place\n",
  "catalog:\n  x: link:place\n",
  "packageExtensions:\n  x:\n    dependencies:\n      y: file:place\n",
])("a folder that pnpm-workspace.yaml names is looked at: %j", async (settings) => {
  const { objections } = await examine({
    "pnpm-workspace.yaml": settings,
    "place/package.json": JSON.stringify({ name: "x", dependencies: { z: "http://host.example/z.tgz" } }),
  });
  expect(objections).toEqual([expect.objectContaining({ key: "dependencies.z" })]);
});

const other = "https://host.example/npm/repo/..%2fother/x.tgz";

test.each([
  ["package.json", JSON.stringify({ dependencies: { x: other } })],
  ["package.json", JSON.stringify({ overrides: { a: { x: other } } })],
  ["pnpm-workspace.yaml", `overrides:\n  x: ${other}\n`],
  ["pnpm-workspace.yaml", `catalogs:\n  a:\n    x: ${other}\n`],
  ["pnpm-lock.yaml", lock.replace(/http:.*tgz/, other)],
  ["pnpm-lock.yaml", `packages:\n  x@${other}: {}\n`],
])("another repository of a host with a token is no address for %s: %s", async (name, text) => {
  const { objections } = await examine({ [name]: text });
  expect(objections).toEqual([
    expect.objectContaining({
      file: expect.stringContaining(name),
      why: "leads to another repository of a host that gets the token",
      hint: expect.stringContaining("vouch setup codeartifact"),
    }),
  ]);
});

test("the repository itself, and what is no package's address, may be named", async () => {
  const { objections } = await examine({
    "package.json": JSON.stringify({
      dependencies: { x: "https://host.example/npm/repo/x.tgz" },
      scripts: { release: "npm publish --registry https://host.example/npm/other/" },
      homepage: "https://host.example/",
    }),
    ".npmrc": "registry=https://host.example/npm/other/\n",
    "pnpm-lock.yaml": lock.replace(/http:.*tgz/, "https://host.example/npm/repo/x.tgz"),
  });
  expect(objections).toEqual([]);
});

test.each([
  [".npmrc", "proxy=null\nhttps-proxy=null\nstrict-ssl=true\n", []],
  ["pnpm-workspace.yaml", "strictSsl: true\nhttpsProxy: null\n", []],
  [".npmrc", "proxy=\n", ["proxy"]],
  [".npmrc", "proxy=false\n", ["proxy"]],
  [".npmrc", "https-proxy=null\nhttps-proxy=x\n", ["https-proxy"]],
  [".npmrc", "strict-ssl=${X-true}\n", ["strict-ssl"]],
  ["pnpm-workspace.yaml", 'strictSsl: "true"\nhttpsProxy: ""\n', ["httpsProxy"]],
  ["pnpm-workspace.yaml", "strictSsl: false\nca: null\n", ["strictSsl", "ca"]],
])("of %s with %j these keys decide for pnpm: %j", async (name, text, keys) => {
  const { objections } = await examine({ [name]: text });
  expect(objections.map(({ key }) => key)).toEqual(keys);
});
