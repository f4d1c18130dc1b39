import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { indexNames } from "../../../src/tools/python/index-url.ts";
import { setUvIndex, unsetUvIndex, type UvIndex } from "../../../src/tools/uv/config-file.ts";
import { expectUndoable, unlessRefused } from "../../editing/edit-property.ts";
import { id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";

const other = "my-domain/other 123456789012 us-east-1";
const file = "/home/dev/.config/uv/uv.toml";
const endpoint = "https://aws@my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/";

const indexOf = (of: string, isExplicit = false): UvIndex => {
  const publishUrl = endpoint.replace("my-repo", of === id ? "my-repo" : "other");
  return { names: indexNames(of), url: `${publishUrl}simple/`, publishUrl, isExplicit };
};
const urls = [indexOf(id), indexOf(other)].flatMap(({ url, publishUrl }) => [url, publishUrl]);

const set = (text: string | undefined, of = id, isExplicit = false): string =>
  setUvIndex(text, of, indexOf(of, isExplicit), file, urls).text;
const unset = (text: string, of = id, onKept: (line: string) => void = () => {}): string | undefined =>
  unsetUvIndex(text, of, { file, names: indexNames(of), urls, onKept });

interface Config {
  "keyring-provider"?: string;
  index?: { name?: string; url: string; "publish-url"?: string; default?: boolean; explicit?: boolean }[];
}
const parse = (text: string): Config => Bun.TOML.parse(text.replace(/^\ufeff/, ""));

const table = [
  "[[index]]",
  'name = "my-repo"',
  `url = "${endpoint}simple/"`,
  `publish-url = "${endpoint}"`,
  "default = true",
];

test("index and keyring are set in a new file", () => {
  expect(set(undefined)).toBe(
    [
      start,
      'keyring-provider = "subprocess"',
      "# <<< vouch; this file did not exist",
      start,
      ...table,
      "# <<< vouch",
      "",
    ].join("\n"),
  );
  expect(unset(set(undefined))).toBeUndefined();
});

test("the keyring stands before the first table, and the index before other indexes, of which uv takes the first", () => {
  const text = `# mine\nexclude-newer = "2026-01-01"\n\n[pip]\nstrict = true\n\n[[index]]\nname = "mirror"\nurl = "https://mirror.example/simple"\ndefault = true\n`;
  const edited = set(text);
  expect(edited).toBe(
    [
      "# mine",
      'exclude-newer = "2026-01-01"',
      start,
      'keyring-provider = "subprocess"',
      "# <<< vouch",
      "",
      "[pip]",
      "strict = true",
      "",
      start,
      ...table,
      "# <<< vouch",
      "[[index]]",
      'name = "mirror"',
      'url = "https://mirror.example/simple"',
      "default = true",
      "",
    ].join("\n"),
  );
  expect(unset(edited)).toBe(text);
});

test("a keyring of the user's is replaced where it stands, and comes back", () => {
  const text = `keyring-provider = "disabled" # no\noffline = false\n`;
  expect(parse(set(text))["keyring-provider"]).toBe("subprocess");
  expect(set(text)).toContain(`#| keyring-provider = "disabled" # no\n`);
  expect(unset(set(text))).toBe(text);
});

test("an extra repository is for packages that a project pins to it", () => {
  const [index] = parse(set(undefined, id, true)).index!;
  expect(index).toMatchObject({ name: "my-repo", explicit: true });
  expect(index).not.toHaveProperty("default");
  expect(unset(set(undefined, id, true))).toBeUndefined();
});

test("a name that another index of the file has is left to it", () => {
  const text = `[[index]]\nname = "my-repo"\nurl = "https://mirror.example/simple"\n`;
  expect(parse(set(text)).index!.map(({ name }) => name)).toEqual(["my-domain-my-repo", "my-repo"]);
  expect(set(set(text))).toBe(set(text));
  expect(unset(set(text))).toBe(text);
});

test("[pip] keyring-provider, which `uv pip` prefers, draws a warning", () => {
  const { warnings } = setUvIndex(`[pip]\nkeyring-provider = "disabled"\n`, id, indexOf(id), file);
  expect(warnings).toEqual([expect.stringContaining("[pip]")]);
});

test.each([
  ["an inline list of indexes", `index = [{ url = "https://mirror.example/simple" }]\n`],
  ["no TOML", "keyring-provider = \n"],
])("a file with %s is refused", async (_, text) => {
  const error = await rejection(Promise.try(() => set(text)));
  expect(error).toMatchObject({ code: "edit_conflict" });
  expect(error.hint).not.toBe("");
});

describe("of two repositories the later one is the default index, and both keep their names", () => {
  test.each([
    ["no file", undefined],
    ["an empty file", ""],
    ["a table only", "[pip]\nstrict = true"],
    ["keyring and index", `keyring-provider = "disabled"\n[[index]]\nurl = "https://mirror.example/simple"\n`],
  ])("in a file that was: %s", (_, text) => {
    const one = set(text);
    const both = set(one, other);
    expect(
      parse(both)
        .index!.map(({ name }) => name)
        .slice(0, 2),
    ).toEqual(["other", "my-repo"]);
    expect(set(both, other)).toBe(both);
    expect(unset(both, other)).toBe(one);
    const rest = unset(both)!;
    expect(parse(rest)).toMatchObject({ "keyring-provider": "subprocess" });
    expect(parse(rest).index![0]!.name).toBe("other");
    expect(unset(rest, other)).toBe(text);
    // Set up again, the first one is on top.
    const again = set(both);
    expect(
      parse(again)
        .index!.map(({ name }) => name)
        .slice(0, 2),
    ).toEqual(["my-repo", "other"]);
    expect(set(again)).toBe(again);
    expect(unset(unset(again)!, other)).toBe(text);
  });
});

test("a line that the user has changed in the block stays, with a table that uv can read", () => {
  const kept: string[] = [];
  const left = unset(set("").replace('name = "my-repo"', 'name = "mine"'), id, (line) => kept.push(line));
  expect(kept).toContain('name = "mine"');
  expect(parse(left!).index).toEqual([
    { name: "mine", url: `${endpoint}simple/`, "publish-url": endpoint, default: true },
  ]);
});

const pool = [
  "[pip]",
  "[[index]]",
  "  [[ index ]]  # mine",
  `[["index"]]`,
  `name = "mirror"`,
  `name = "my-repo"`,
  `url = "https://mirror.example/simple"`,
  "default = true",
  'keyring-provider = "disabled"',
  `"keyring-provider" = 'subprocess'`,
  'exclude-newer = "2026-01-01" # two',
  'x = """\n[[index]]\nkeyring-provider = 1\n"""',
  "y = '''\n''' # end",
  'z = ["[", "]", "#", \'"\'] # ]',
  'index = [{ url = "https://mirror.example/simple" }]',
  "pip.strict = true",
  "[tool.uv]",
];

test("in any file of uv's an edit is repeated without change and undone to the byte, or refused", () => {
  const earlier = { set: (text: string) => set(text, other), unset: (text: string) => unset(text, other) };
  expectUndoable(
    fc
      .record({ text: configTexts(pool), isExplicit: fc.boolean(), hasOther: fc.boolean() })
      .map(({ text, isExplicit, hasOther }) => ({
        text,
        set: (before) => set(before, id, isExplicit),
        unset,
        earlier: hasOther ? earlier : undefined,
        says(edited) {
          const found = parse(edited);
          expect(found["keyring-provider"]).toBe("subprocess");
          expect(found.index![0]).toMatchObject({ url: indexOf(id).url, "publish-url": endpoint });
        },
      })),
  );
});

/** Reads texts with Python's tomllib. */
const pythonReader = `
import json, sys, tomllib
json.dump([tomllib.loads(text) for text in json.load(sys.stdin)], sys.stdout)
`;
const hasTomllib =
  requires("python3") && Bun.spawnSync(["python3", "-c", "import tomllib"], { stderr: "ignore" }).success;

test.skipIf(!hasTomllib)("Python's TOML parser reads what was meant", () => {
  const texts = fc
    .sample(configTexts(pool, { byteOrderMark: false }), propertyRuns)
    .flatMap((text) => unlessRefused(() => set(text)) ?? []);
  const run = Bun.spawnSync(["python3", "-c", pythonReader], { stdin: Buffer.from(JSON.stringify(texts)) });
  const found = JSON.parse(run.stdout.toString()) as Config[];
  expect(found).toHaveLength(texts.length);
  for (const config of found) {
    expect(config["keyring-provider"]).toBe("subprocess");
    expect(config.index![0]).toMatchObject({ url: indexOf(id).url, "publish-url": endpoint });
  }
  expect(texts.length).toBeGreaterThan(propertyRuns / 20);
});

const uv = join(import.meta.dir, "../../../.tools/pip-26/bin/uv");
test.skipIf(!requires(uv))("uv reads the index that was set, and not what was taken away", () => {
  using home = tempFolder();
  const settings = (text: string): string => {
    const path = join(home.path, "uv.toml");
    writeFileSync(path, text);
    const env = { ...toolchainEnvironment(home.path), UV_CONFIG_FILE: path };
    const run = Bun.spawnSync([uv, "pip", "install", "--show-settings", "x"], { env, cwd: home.path });
    return run.stdout.toString() + run.stderr.toString();
  };
  const text = `offline = false\n[[index]]\nname = "mirror"\nurl = "https://mirror.example/simple"\ndefault = true\n`;
  expect(settings(set(text))).toMatch(/keyring_provider: Subprocess/);
  expect(settings(set(text))).toContain("/pypi/my-repo/simple/");
  expect(settings(unset(set(text))!)).not.toContain("my-repo");
});
