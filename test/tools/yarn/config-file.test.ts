import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VouchError } from "../../../src/base/errors.ts";
import { dropYarnRegistry, setYarnRegistry, unsetYarnRegistry } from "../../../src/tools/yarn/config-file.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";

const file = "/home/dev/.yarnrc.yml";
const endpoint = endpointOf("npm");
const own = { file, endpoints: [endpoint, "https://other.example/npm/other/"] };

const set = (text: string | undefined, scopes: string[] = []): string =>
  setYarnRegistry(text, id, { endpoint, scopes }, file).text;
const unset = (text: string): string | undefined => unsetYarnRegistry(text, id, own);
const server = `npmRegistryServer: "${endpoint}"`;

describe("yarn's registry is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(`${start}\n${server}\n# <<< vouch; this file did not exist\n`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("in place of the one that is there", () => {
    const text = "nodeLinker: node-modules\nnpmRegistryServer: https://a.example # mine\nplugins: []\n";
    expect(set(text)).toBe(
      `nodeLinker: node-modules\n${start}\n#| npmRegistryServer: https://a.example # mine\n${server}\n# <<< vouch\nplugins: []\n`,
    );
    expect(unset(set(text))).toBe(text);
  });

  test("for scopes, beside those that are there and in their indentation", () => {
    const text = "npmScopes:\n    # ours\n    old:\n        npmAlwaysAuth: true\nx: 1\n";
    expect(set(text, ["@acme", "@old"])).toBe(
      `npmScopes:\n${start}\n    "acme":\n      ${server}\n# <<< vouch\n    # ours\n    old:\n${start}\n        ${server}\n# <<< vouch\n` +
        "        npmAlwaysAuth: true\nx: 1\n",
    );
    expect(unset(set(text, ["@acme", "@old"]))).toBe(text);
  });

  test("and stays where the user adds lines below it", () => {
    const text = `${set("a: 1\n", ["@acme"])}  mine:\n    npmAlwaysAuth: true\n`;
    expect(unset(text)).toBe('a: 1\nnpmScopes:\n  "acme":\n  mine:\n    npmAlwaysAuth: true\n');
  });

  test.each([
    ["a flow mapping", "{ nodeLinker: pnp }\n"],
    ["scopes in one line", "npmScopes: { old: { npmAlwaysAuth: true } }\n"],
    ["no mapping", "- a\n"],
    ["broken", "a: [\n"],
  ])("but not in %s: the lines are said", (_, text) => {
    expect(() => set(text, ["@acme"])).toThrow(VouchError);
  });
});

test("in a file that yarn has written anew the registry is taken out, and the line before it put back", () => {
  const text = `enableTelemetry: false\n\nnpmRegistryServer: "${endpoint}"\n`;
  expect(dropYarnRegistry(text, { endpoint, scopes: [] }, ["npmRegistryServer: https://a.example"])).toBe(
    "enableTelemetry: false\n\nnpmRegistryServer: https://a.example\n",
  );
  const scoped = `npmScopes:\n  acme:\n    npmRegistryServer: "${endpoint}"\n  other:\n    npmAlwaysAuth: true\n`;
  expect(dropYarnRegistry(scoped, { endpoint, scopes: ["@acme"] })).toBe(
    "npmScopes:\n  other:\n    npmAlwaysAuth: true\n",
  );
  expect(dropYarnRegistry(scoped, { endpoint, scopes: [] })).toBeUndefined();
});

const pool = [
  "nodeLinker: node-modules",
  "npmRegistryServer: https://a.example/",
  'npmRegistryServer: "https://a.example/"',
  "npmScopes:",
  "  acme:",
  "    npmRegistryServer: https://b.example",
  "    npmAlwaysAuth: true",
  '  "other":',
  "    npmAuthToken: ${X:-}",
  "npmRegistries:",
  '  "https://c.example": {npmAlwaysAuth: true}',
  "text: |",
  "  npmRegistryServer: no",
  "  npmScopes:",
  "plugins:",
  "  - path: ./x.cjs",
  "- item",
  "x: {a: 1}",
  "'quoted': 1",
  "npmScopes: {}",
  "# comment",
  "  # deeper",
  "---",
  "...",
];
const cases = fc.record({ text: configTexts(pool), scopes: fc.subarray(["@acme", "@other"]) });

test("in any file of yarn's an edit is repeated without change and undone to the byte, or refused", () => {
  expectUndoable(cases.map(({ text, scopes }) => ({ text, set: (before) => set(before, scopes), unset })));
});

const yarn = join(import.meta.dir, "../../../.tools/yarn/node_modules/.bin/yarn");

test.skipIf(!requires(yarn))(
  "yarn 4 reads the registry that was set, and the scopes",
  () => {
    using home = tempFolder();
    const project = join(home.path, "project");
    mkdirSync(project);
    for (const name of ["package.json", "yarn.lock"])
      writeFileSync(join(project, name), name === "yarn.lock" ? "" : "{}");
    const read = (text: string, key: string): string => {
      writeFileSync(join(home.path, ".yarnrc.yml"), text);
      const env = { ...toolchainEnvironment(home.path), YARN_ENABLE_TELEMETRY: "0" };
      const run = Bun.spawnSync([yarn, "config", "get", "--json", key], { cwd: project, env });
      return run.stdout.toString();
    };
    expect(read(set("npmRegistryServer: https://a.example # mine\nnodeLinker: pnp"), "npmRegistryServer")).toBe(
      `"${endpoint}"\n`,
    );
    const scoped = read(set("npmScopes:\r\n   old:\r\n      npmAlwaysAuth: true\r\n", ["@acme", "@old"]), "npmScopes");
    expect(JSON.parse(scoped)).toMatchObject({
      acme: { npmRegistryServer: endpoint },
      old: { npmRegistryServer: endpoint, npmAlwaysAuth: true },
    });
  },
  60_000,
);
