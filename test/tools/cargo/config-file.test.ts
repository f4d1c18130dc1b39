import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CargoRegistry,
  checkRegistryName,
  setCargoRegistry,
  unsetCargoRegistry,
} from "../../../src/tools/cargo/config-file.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { tempFolder } from "../../temp-folder.ts";

const file = "/home/dev/.cargo/config.toml";
const index = `sparse+${endpointOf("cargo")}`;
const registry: CargoRegistry = { name: "my-repo", index, credentialProvider: "/usr/local/bin/vouch" };

const own = { file, indexes: [index, index.replace("my-repo", "other")], executables: [] };

const set = (text: string | undefined): string => setCargoRegistry(text, id, registry, file).text;
const unset = (text: string): string | undefined => unsetCargoRegistry(text, id, own);

describe("Cargo's registry is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(
      `${start}\n[registries.my-repo]\nindex = "${index}"\ncredential-provider = "/usr/local/bin/vouch"\n# <<< vouch; this file did not exist\n`,
    );
  });

  test.each(["toString", "valueOf", "constructor", "__proto__"])(
    "under the name %s, as any other, and goes again",
    (name) => {
      const named = { ...registry, name };
      const text = setCargoRegistry("[build]\njobs = 2\n", id, named, file).text;
      expect(text).toContain(`[registries.${name}]\nindex = "${index}"`);
      expect(setCargoRegistry(text, id, named, file).text).toBe(text);
      expect(unset(text)).toBe("[build]\njobs = 2\n");
    },
  );

  test("in its own table, in place of what is there", () => {
    const text = `[registries.my-repo]\r\nindex = "${index}" # ours\r\n# note\r\ncredential-provider = [\r\n  "cargo:token-from-stdout", # no longer\r\n]\r\n[build]\r\njobs = 2\r\n`;
    expect(set(text)).toBe(
      [
        "[registries.my-repo]",
        start,
        `#| index = "${index}" # ours`,
        `index = "${index}"`,
        "# <<< vouch",
        "# note",
        start,
        "#| credential-provider = [",
        '#|   "cargo:token-from-stdout", # no longer',
        "#| ]",
        'credential-provider = "/usr/local/bin/vouch"',
        "# <<< vouch",
        "[build]",
        "jobs = 2",
        "",
      ].join("\r\n"),
    );
    expect(unset(set(text))).toBe(text);
  });

  test.each([
    ["beside an empty table", "[registries.my-repo]\n[build]\n"],
    ["in a table with other keys", `[registries.my-repo]\nprotocol = "sparse"\n`],
    ["as dotted keys of [registries]", `[registries]\nmy-repo.index = "${index}"\nother.index = "x"\n`],
    ["as dotted keys of the document", `registries.my-repo.index = "${index}"\n[build]\njobs = 1`],
    ["as quoted keys", `["registries"."my-repo"]\n'index' = "${index}"\n`],
    ["as an inline table", `[registries]\nmy-repo = { index = "${index}" }\nother = { index = "x" }`],
    ["behind a string of several lines", `[a]\nx = """\n[registries.my-repo]\nindex = "no"\n"""\n`],
    ["behind an array of tables", `[[patch]]\nx = [1,\n# [registries.my-repo]\n2]\n[[patch]]\n`],
    ["with a provider but without an index", `[registries.my-repo]\ncredential-provider = "cargo:token"`],
    ["below a byte order mark", "\ufeff[build]\njobs = 1\n"],
    ["beside another registry", `[registries.other]\nindex = "sparse+https://other.example/"\n`],
  ])("%s, which is undone to the byte", (_, text) => {
    const edited = set(text);
    const registries = (Bun.TOML.parse(edited) as { registries: Record<string, object> }).registries;
    expect(registries["my-repo"]).toMatchObject({ index, "credential-provider": "/usr/local/bin/vouch" });
    expect(set(edited)).toBe(edited);
    expect(unset(edited)).toBe(text);
  });

  test("with a path that needs quoting", () => {
    const path = `/home/O'Brien "dev"/ünï\\vouch`;
    const { text } = setCargoRegistry("", id, { ...registry, credentialProvider: path }, file);
    expect(Bun.TOML.parse(text)).toMatchObject({ registries: { "my-repo": { "credential-provider": [path] } } });
  });

  test("again under another name, in the same place", () => {
    const renamed = setCargoRegistry(set("a = 1\n"), id, { ...registry, name: "renamed" }, file).text;
    expect(renamed).toBe(set("a = 1\n").replace("[registries.my-repo]", "[registries.renamed]"));
  });

  test("for two repositories, which can be removed in either order", () => {
    const other = { ...registry, name: "other", index: index.replace("my-repo", "other") };
    const both = setCargoRegistry(set("a = 1"), "my-domain/other", other, file).text;
    expect(unset(unsetCargoRegistry(both, "my-domain/other", own)!)).toBe("a = 1");
    expect(unsetCargoRegistry(unset(both)!, "my-domain/other", own)).toBe("a = 1");
  });
});

test.each([
  [
    "the name means another index",
    `[registries.my-repo]\nindex = "sparse+https://other.example/"\n`,
    "--registry-name",
  ],
  ["another name has the index", `[registries.other]\nindex = "${index}"\n`, "--registry-name other"],
  [
    "an inline table has more keys",
    `[registries]\nmy-repo = { index = "${index}", token = "t" }\n`,
    "[registries.my-repo]",
  ],
  ["registries is an inline table", `registries = { other = { index = "x" } }\n`, "[registries.my-repo]"],
  ["the registry is a string", `[registries]\nmy-repo = "x"\n`, "[registries.my-repo]"],
  ["registries is a string", `registries = "x"\n`, "[registries.my-repo]"],
  ["a dotted key makes the table", `registries.my-repo.token = "x"\n`, "[registries.my-repo]"],
  ["the file is not TOML", `[registries\n`, "Correct the file"],
  ["a key stands twice", `a = 1\na = 2\n`, "Correct the file"],
])("setting Cargo's registry is refused with a conflict: %s", async (_, text, hint) => {
  const error = await rejection(Promise.try(() => set(text)));
  expect(error).toMatchObject({ code: "edit_conflict" });
  expect(error.message).toContain(file);
  expect(error.hint).toContain(hint);
});

describe("keys that the user added behind the block, in our table of Cargo's file,", () => {
  test("keep their table", () => {
    const edited = `${set("a = 1\n")}protocol = "sparse"\n`;
    expect(unset(edited)).toBe(`a = 1\n[registries.my-repo]\nprotocol = "sparse"\n`);
  });
});

const pool = [
  "[registries]",
  "[registries.my-repo]",
  "[registries.other] # note",
  "[registry]",
  "[build]",
  "[[bin]]",
  `index = "${index}"`,
  'index = "sparse+https://other.example/"',
  `my-repo.index = "${index}"`,
  'credential-provider = "cargo:token"',
  'credential-provider = [\n "a",\n "b", # c\n]',
  'my-repo.credential-provider = ["x"]',
  `my-repo = { index = "${index}" }`,
  'default = "my-repo"',
  "jobs = 2 # two",
  'x = """\n[registries.my-repo]\nindex = 1\n"""',
  "y = '''\n''' # end",
  'z = ["[", "]", "#", \'"\'] # ]',
  '"quoted key" = "\\"#"',
  "d = 1979-05-27T07:32:00Z",
  "  indented = true",
];

test("in any file of Cargo's an edit is repeated without change and undone to the byte, or refused", () => {
  expectUndoable(
    configTexts(pool).map((text) => ({ text, set, unset })),
    propertyRuns / 2,
  );
});

describe("as the name of a Cargo registry", () => {
  test.each([["my-repo"], ["_x"], ["A1"]])("%s is accepted", (name) => {
    expect(() => checkRegistryName(name)).not.toThrow();
  });

  test.each([
    ["1abc", "--registry-name r1abc"],
    ["a.b", "--registry-name a-b"],
    ["-x", "--registry-name r-x"],
    ["é", "--registry-name"],
    ["crates-io", "--registry-name private-crates-io"],
    ["", "--registry-name"],
    ["a]\nb", "--registry-name a--b"],
  ])("%j is refused", async (name, hint) => {
    const error = await rejection(Promise.try(() => checkRegistryName(name)));
    expect(error).toMatchObject({ code: "usage", exitCode: 2 });
    expect(error.hint).toContain(hint);
  });
});

test.skipIf(!requires("cargo"))("Cargo reads what was written, and agrees on names", () => {
  using home = tempFolder();
  const env = toolchainEnvironment(home.path);
  const search = (name: string, config: string): string => {
    writeFileSync(join(home.path, "config.toml"), config);
    const run = Bun.spawnSync(["cargo", "search", "--registry", name, "x"], {
      // No proxy and no resolver answer for this name: Cargo gets as far as the configured URL.
      env: { ...env, CARGO_HOME: home.path, CARGO_NET_RETRY: "0", HTTPS_PROXY: "http://127.0.0.1:9" },
    });
    return run.stderr.toString();
  };
  const edited = set(`[build]\njobs = 1\n\n[registries.other]\nindex = "sparse+https://other.example/"`);
  expect(search("my-repo", edited)).toContain("/cargo/my-repo/config.json");
  expect(search("my-repo", unset(edited)!)).toContain("registry index was not found");
  for (const name of ["1abc", "a.b"]) expect(search(name, edited)).toContain("in registry name");
  expect(search("_a-1", edited)).toContain("registry index was not found");
});
