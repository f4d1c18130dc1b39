import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setNpmRegistry, unsetNpmRegistry } from "../../../src/tools/npm/config-file.ts";
import { requires } from "../../requires.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { tempFolder } from "../../temp-folder.ts";

const file = "/home/dev/.npmrc";
const endpoint = endpointOf("npm");

const own = { file, endpoints: [endpoint, "https://other.example/npm/other/"] };

const set = (text: string | undefined, scopes: string[] = []): string =>
  setNpmRegistry(text, id, { endpoint, scopes }, file).text;
const unset = (text: string): string | undefined => unsetNpmRegistry(text, id, own);

describe("npm's registry is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(`${start}\nregistry=${endpoint}\n# <<< vouch; this file did not exist\n`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("in place of the last line that sets it", () => {
    const text = "registry=https://a.example/\n; note\n registry = https://b.example/\nsave-exact=true";
    expect(set(text)).toBe(
      [
        "registry=https://a.example/",
        "; note",
        start,
        "#|  registry = https://b.example/",
        `registry=${endpoint}`,
        "# <<< vouch",
        "save-exact=true",
      ].join("\n"),
    );
    expect(unset(set(text))).toBe(text);
  });

  test("before the first section, which would swallow it", () => {
    const text = "a=1\n[section]\nb=2\n";
    expect(set(text)).toBe(`a=1\n${start}\nregistry=${endpoint}\n# <<< vouch\n[section]\nb=2\n`);
    expect(unset(set(text))).toBe(text);
  });

  test("for scopes, each in a block of its own", () => {
    const edited = set("@acme:registry=https://old.example/\n", ["@acme", "@other"]);
    expect(edited).toBe(
      `${start}\n#| @acme:registry=https://old.example/\n@acme:registry=${endpoint}\n# <<< vouch\n` +
        `${start}\n@other:registry=${endpoint}\n# <<< vouch\n`,
    );
    expect(set(edited, ["@acme", "@other"])).toBe(edited);
    expect(set(edited)).toBe(set("@acme:registry=https://old.example/\n"));
    expect(unset(edited)).toBe("@acme:registry=https://old.example/\n");
  });

  test("for a scope that another repository serves too, where removing either leaves the other's scopes", () => {
    const one = set("", ["@acme", "@shared"]);
    const other = "my-domain/other 123456789012 us-east-1";
    const both = setNpmRegistry(
      one,
      other,
      { endpoint: "https://other.example/npm/other/", scopes: ["@shared"] },
      file,
    );
    expect(unsetNpmRegistry(both.text, other, own)).toBe(one);
    const rest = unset(both.text)!;
    expect(rest).not.toContain("@acme");
    expect(rest).toContain("\n@shared:registry=https://other.example/npm/other/\n");
    expect(unsetNpmRegistry(rest, other, own)).toBe("");
  });
});

const pool = [
  "registry=https://registry.example.com/",
  "registry = https://a.example/ ; note",
  '"registry"=https://quoted.example/',
  "'registry' = https://single.example/",
  "@acme:registry=https://npm.example/",
  " @acme:registry = https://npm.example/",
  "//npm.example/:_authToken=${TOKEN}",
  "//npm.example/:_authToken=abc==",
  "[section]",
  "[section]  ",
  " [not a section]",
  "; comment",
  "save-exact=true",
  "save-exact",
  "ca[]=one",
  "ca[]=two",
  "email=dév@example.com",
  "x=a\\;b\\#c",
];

const cases = fc.record({
  text: configTexts(pool),
  scopes: fc.subarray(["@acme", "@other"]),
});

test("in any file of npm's an edit is repeated without change and undone to the byte", () => {
  const files = cases.map(({ text, scopes }) => ({ text, set: (before: string) => set(before, scopes), unset }));
  expectUndoable(files, propertyRuns);
});

/** The `ini` package that npm reads its files with. */
function npmIni(): string | undefined {
  const npm = Bun.which("npm");
  return npm === null ? undefined : join(realpathSync(npm), "../../node_modules/ini");
}

test.skipIf(!requires("node", "npm"))(
  "npm's ini reader finds the registry that was set, and everything else as before",
  () => {
    const samples = fc.sample(cases, 500);
    const pairs = samples.map(({ text, scopes }) => [text, set(text, scopes)]);
    const program = `
    const ini = require(${JSON.stringify(npmIni())});
    let input = "";
    process.stdin.on("data", (part) => (input += part)).on("end", () =>
      process.stdout.write(JSON.stringify(JSON.parse(input).map((pair) => pair.map((text) => ini.parse(text))))));`;
    const run = Bun.spawnSync(["node", "-e", program], { stdin: Buffer.from(JSON.stringify(pairs)) });
    const parsed = JSON.parse(run.stdout.toString()) as [Record<string, unknown>, Record<string, unknown>][];
    for (const [index, [before, after]] of parsed.entries()) {
      const { text, scopes } = samples[index]!;
      const keys = scopes.length === 0 ? ["registry"] : scopes.map((scope) => `${scope}:registry`);
      expect({ text, after }).toEqual({
        text,
        after: { ...before, ...Object.fromEntries(keys.map((key) => [key, endpoint])) },
      });
    }
  },
);

test.skipIf(!requires("npm"))("npm reads the registry that was set", () => {
  using home = tempFolder();
  const path = join(home.path, ".npmrc");
  const get = (key: string): string =>
    Bun.spawnSync(["npm", "config", "get", key], {
      cwd: home.path,
      env: toolchainEnvironment(home.path),
    }).stdout.toString();
  writeFileSync(path, set("registry=https://a.example/\n", []));
  expect(get("registry")).toBe(`${endpoint}\n`);
  writeFileSync(path, set("registry=https://a.example/", ["@acme"]));
  expect([get("registry"), get("@acme:registry")]).toEqual(["https://a.example/\n", `${endpoint}\n`]);
});
