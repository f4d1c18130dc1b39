import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  dropPdmRepository,
  pdmName,
  type PdmRepository,
  setPdmRepository,
  unsetPdmRepository,
} from "../../../src/tools/pdm/config-file.ts";
import { indexNames } from "../../../src/tools/python/index-url.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";

const other = "my-domain/other 123456789012 us-east-1";
const file = "/home/dev/.config/pdm/config.toml";
const endpoint = endpointOf("pypi");

const repositoryOf = (of: string, isExtra = false): PdmRepository => {
  const publishUrl = endpoint.replace("my-repo", of === id ? "my-repo" : "other");
  return { names: indexNames(of).map(pdmName), index: `${publishUrl}simple/`, publishUrl, isExtra };
};
const urls = [repositoryOf(id), repositoryOf(other)].flatMap(({ index, publishUrl }) => [index, publishUrl]);

const set = (text: string | undefined, of = id, isExtra = false): string =>
  setPdmRepository(text, of, repositoryOf(of, isExtra), file, urls).text;
const unset = (text: string, of = id): string | undefined => unsetPdmRepository(text, of, { file, urls });

interface Config {
  pypi?: { url?: string } & Record<string, unknown>;
  repository?: Record<string, { url?: string }>;
}
const parse = (text: string): Config => Bun.TOML.parse(text.replace(/^\ufeff/, ""));

test("index and repository are set in a new file", () => {
  expect(set(undefined)).toBe(
    [
      start,
      "[pypi]",
      `url = "${endpoint}simple/"`,
      "# <<< vouch; this file did not exist",
      start,
      "[repository.my-repo]",
      `url = "${endpoint}"`,
      "# <<< vouch",
      "",
    ].join("\n"),
  );
  expect(unset(set(undefined))).toBeUndefined();
});

test.each([
  ["its table", `[pypi]\nverify_ssl = true\nurl = "https://mirror.example/simple" # mine\n`],
  ["a dotted key", `pypi.url = "https://mirror.example/simple"\npypi.verify_ssl = true\n`],
  ["dotted keys without it", `pypi.verify_ssl = true\nuse_uv = true\n`],
  ["a repository of its own", `[repository.my-repo]\nusername = "aws"\n`],
])("an index in %s is replaced where it stands, and comes back", (_, text) => {
  expect(parse(set(text))).toMatchObject({
    pypi: { url: `${endpoint}simple/` },
    repository: { "my-repo": { url: endpoint } },
  });
  expect(set(set(text))).toBe(set(text));
  expect(unset(set(text))).toBe(text);
});

test("an extra repository leaves the default index alone", () => {
  expect(parse(set("", id, true))).toEqual({
    pypi: { "my-repo": { url: `${endpoint}simple/` } },
    repository: { "my-repo": { url: endpoint } },
  });
  expect(unset(set("", id, true))).toBe("");
});

test("a name that another repository of the file has is left to it", () => {
  const text = `[repository.my-repo]\nurl = "https://upload.example/"\n`;
  expect(Object.keys(parse(set(text)).repository!)).toEqual(["my-repo", "my-domain-my-repo"]);
  expect(unset(set(text))).toBe(text);
});

test.each([
  ["my.repo", "my-repo"],
  ["pypi", "private-pypi"],
  ["my_repo", "my_repo"],
])("the repository %s is called %s", (name, expected) => {
  expect(pdmName(name)).toBe(expected);
});

test("verify_ssl = false of the index draws a warning", () => {
  const { warnings } = setPdmRepository("[pypi]\nverify_ssl = false\n", id, repositoryOf(id), file);
  expect(warnings).toEqual([expect.stringContaining("verify_ssl")]);
});

test.each([
  ["an inline table", `pypi = { url = "https://mirror.example/simple" }\n`],
  ["no TOML", "pypi = \n"],
])("a file with %s is refused", async (_, text) => {
  const error = await rejection(Promise.try(() => set(text)));
  expect(error).toMatchObject({ code: "edit_conflict" });
});

describe("of two repositories the later one is the index, and both can be published to", () => {
  test.each([
    ["no file", undefined],
    ["an empty file", ""],
    ["an index", `[pypi]\nurl = "https://mirror.example/simple"`],
  ])("in a file that was: %s", (_, text) => {
    const one = set(text);
    const both = set(one, other);
    expect(parse(both).pypi!.url).toContain("/pypi/other/");
    expect(Object.keys(parse(both).repository!)).toEqual(["my-repo", "other"]);
    expect(unset(both, other)).toBe(one);
    const rest = unset(both)!;
    expect(parse(rest)).toMatchObject({ repository: { other: { url: expect.any(String) } } });
    expect(unset(rest, other)).toBe(text);
    expect(set(set(both))).toBe(set(both));
  });
});

const pool = [
  "[pypi]",
  "[repository]",
  "[repository.my-repo]",
  "[repository.upload] # mine",
  "[pypi.mirror]",
  `[ "pypi" ]`,
  `url = "https://mirror.example/simple"`,
  `'url' = "https://mirror.example/simple" # mine`,
  `pypi.url = "https://mirror.example/simple"`,
  "verify_ssl = true",
  "pypi.verify_ssl = true",
  'username = "me"',
  'pypi = { url = "https://mirror.example/simple" }',
  "use_uv = true",
  'x = """\n[pypi]\nurl = 1\n"""',
  "strategy.save = 'minimum'",
];

test("in any file of PDM's an edit is repeated without change and undone to the byte, or refused", () => {
  const earlier = { set: (text: string) => set(text, other), unset: (text: string) => unset(text, other) };
  expectUndoable(
    fc
      .record({ text: configTexts(pool), isExtra: fc.boolean(), hasOther: fc.boolean() })
      .map(({ text, isExtra, hasOther }) => ({
        text,
        set: (before) => set(before, id, isExtra),
        unset,
        earlier: hasOther ? earlier : undefined,
        says(edited) {
          const published = Object.values(parse(edited).repository!).map(({ url }) => url);
          expect(published).toContain(endpoint);
          if (!isExtra) expect(parse(edited).pypi!.url).toBe(`${endpoint}simple/`);
        },
      })),
  );
});

const pdm = join(import.meta.dir, "../../../.tools/pdm/bin/pdm");
describe.skipIf(!requires(pdm))("PDM itself", () => {
  const run = (home: string, ...args: string[]): string => {
    const env = { ...toolchainEnvironment(home), PDM_CONFIG_FILE: join(home, "config.toml"), PDM_CHECK_UPDATE: "0" };
    const { stdout, stderr } = Bun.spawnSync([pdm, ...args], { env, cwd: home });
    return stdout.toString() + stderr.toString();
  };

  test("reads index and repository that were set", () => {
    using home = tempFolder();
    writeFileSync(join(home.path, "config.toml"), set(`[pypi]\nverify_ssl = true\nurl = "https://mirror.example/"\n`));
    expect(run(home.path, "config", "pypi.url")).toContain(`${endpoint}simple/`);
    expect(run(home.path, "config", "repository.my-repo.url")).toContain(endpoint);
  });

  test("drops the marks when it writes the file, and the repository is found and taken away without them", () => {
    using home = tempFolder();
    const path = join(home.path, "config.toml");
    const mine = `url = "https://mirror.example/simple"`;
    writeFileSync(path, set(`use_uv = false\n[pypi]\n${mine}\n`));
    run(home.path, "config", "strategy.save", "exact");
    const written = readFileSync(path, "utf8");
    expect(written).not.toContain("# >>> vouch");
    const own = [repositoryOf(id).index, endpoint];
    const dropped = dropPdmRepository(written, own, [mine])!;
    expect(parse(dropped)).toMatchObject({
      use_uv: false,
      strategy: { save: "exact" },
      pypi: { url: "https://mirror.example/simple" },
    });
    expect(dropped).not.toMatch(/codeartifact|repository/);
    expect(dropPdmRepository(dropped, own)).toBeUndefined();
  });
});
