import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VouchError } from "../../../src/base/errors.ts";
import { setBunRegistry, unsetBunRegistry } from "../../../src/tools/bun/config-file.ts";
import { expectUndoable, unlessRefused } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { requires } from "../../requires.ts";

const file = "/home/dev/.bunfig.toml";
const endpoint = endpointOf("npm");
const variable = "VOUCH_TOKEN_0123456789ABCDEF";
const own = { file, endpoints: [endpoint, "https://other.example/npm/other/"] };

const set = (text: string | undefined, scopes: string[] = []): string =>
  setBunRegistry(text, id, { endpoint, variable, scopes }, file).text;
const unset = (text: string): string | undefined => unsetBunRegistry(text, id, own);
const value = `{ url = "${endpoint}", token = "$${variable}" }`;

describe("bun's registry is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(`${start}\n[install]\nregistry = ${value}\n# <<< vouch; this file did not exist\n`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("in the table that is there, in place of the one that it has", () => {
    const text = '[install]\nexact = true\nregistry = "https://a.example" # mine\n\n[test]\ncoverage = true\n';
    expect(set(text)).toBe(
      `[install]\nexact = true\n${start}\n#| registry = "https://a.example" # mine\nregistry = ${value}\n# <<< vouch\n\n[test]\ncoverage = true\n`,
    );
    expect(unset(set(text))).toBe(text);
  });

  test("for scopes, in their table", () => {
    const text = '[install.scopes]\n"@old" = "https://a.example"\n';
    expect(set(text, ["@acme", "@old"])).toBe(
      `[install.scopes]\n${start}\n#| "@old" = "https://a.example"\n"@acme" = ${value}\n"@old" = ${value}\n# <<< vouch\n`,
    );
    expect(unset(set(text, ["@acme", "@old"]))).toBe(text);
  });

  test.each([
    ["a table of its own", '[install.registry]\nurl = "https://a.example"\n'],
    ["an inline table", "install = { exact = true }\n"],
    ["no TOML", "[install\n"],
  ])("but not beside %s: the lines are said", (_, text) => {
    expect(() => set(text)).toThrow(VouchError);
  });
});

const pool = [
  "[install]",
  "[install.scopes]",
  "[install.registry]",
  "[test]",
  'registry = "https://a.example/"',
  'registry = { url = "https://a.example/", token = "$MINE" }',
  "exact = true",
  '"@acme" = "https://b.example/"',
  '"@acme" = { url = "https://b.example/", username = "x" }',
  'scopes."@other" = "https://c.example/"',
  "install.exact = true",
  'install.scopes."@x" = "https://d.example"',
  "install = { exact = false }",
  "coverage = true # two",
  'x = """\n[install]\nregistry = 1\n"""',
  'url = "https://e.example"',
  "  indented = true",
];
const cases = fc.record({ text: configTexts(pool), scopes: fc.subarray(["@acme", "@other"]) });

test("in any bunfig.toml an edit is repeated without change and undone to the byte, or refused", () => {
  expectUndoable(cases.map(({ text, scopes }) => ({ text, set: (before) => set(before, scopes), unset })));
});

test.skipIf(!requires("python3"))("Python's TOML reader finds what was set, and everything else as before", () => {
  const samples = fc.sample(cases, 400).flatMap(({ text, scopes }) => {
    const edited = unlessRefused(() => set(text.replace(/^\ufeff/, ""), scopes));
    return edited === undefined ? [] : [{ before: text.replace(/^\ufeff/, ""), after: edited, scopes }];
  });
  const program =
    "import json,sys,tomllib\nprint(json.dumps([[tomllib.loads(t) for t in p] for p in json.load(sys.stdin)]))";
  const input = JSON.stringify(samples.map(({ before, after }) => [before, after]));
  const run = Bun.spawnSync(["python3", "-c", program], { stdin: Buffer.from(input) });
  expect(run.stderr.toString()).toBe("");
  const read = JSON.parse(run.stdout.toString()) as [Table, Table][];
  expect(read.length).toBeGreaterThan(20);
  for (const [index, [before, after]] of read.entries()) {
    const { scopes } = samples[index]!;
    const install = (before["install"] ??= {}) as Table;
    const registry = { url: endpoint, token: `$${variable}` };
    if (scopes.length === 0) install["registry"] = registry;
    else
      install["scopes"] = {
        ...(install["scopes"] as Table),
        ...Object.fromEntries(scopes.map((scope) => [scope, registry])),
      };
    expect(after).toEqual(before);
  }
});

type Table = Record<string, unknown>;
