import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { poetryName, setPoetryRepository, unsetPoetryRepository } from "../../../src/tools/poetry/config-file.ts";
import { expectUndoable } from "../../editing/edit-property.ts";
import { endpointOf, id } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";

const file = "/home/dev/.config/pypoetry/config.toml";
const endpoint = endpointOf("pypi");
const repository = { name: "my-repo", endpoint };

const set = (text: string | undefined): string => setPoetryRepository(text, id, repository, file).text;
const unset = (text: string, onKept?: (line: string) => void): string | undefined =>
  unsetPoetryRepository(text, id, { file, endpoints: [endpoint], ...(onKept ? { onKept } : {}) });

describe("poetry's repository is set", () => {
  test.each([
    ["in an empty file", ""],
    ["beside other tables", `cache-dir = "/c"\n[virtualenvs]\nin-project = true\n`],
    ["below its own header", `[repositories.my-repo]\n[virtualenvs]\ncreate = true\n`],
    ["in place of another URL", `[repositories.my-repo]\nurl = "https://old.example/" # old\n`],
    ["in a table of repositories", `[repositories]\nmy-repo.url = "https://old.example/"\nother.url = "x"\n`],
    ["as dotted keys of the document", `repositories.my-repo.url = "https://old.example/"\na = 1`],
    ["below a byte order mark", "\ufeffa = 1\r\n"],
  ])("%s, which is undone to the byte", (_, text) => {
    const edited = set(text);
    const { repositories } = Bun.TOML.parse(edited.replace(/^\ufeff/, "")) as { repositories: Record<string, unknown> };
    expect(repositories["my-repo"]).toEqual({ url: endpoint });
    expect(set(edited)).toBe(edited);
    expect(unset(edited)).toBe(text);
  });

  test("in a new file, which the removal deletes", () => {
    expect(set(undefined)).toContain(`[repositories.my-repo]\nurl = "${endpoint}"\n`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("under a name without dots, at which poetry 1 takes names apart", () => {
    expect(poetryName("my.repo")).toBe("my-repo");
  });

  test("and what the person has added to the block stays", () => {
    const kept: string[] = [];
    const edited = set("").replace("# <<< vouch", 'url2 = "x"\n# <<< vouch');
    expect(unset(edited, (line) => kept.push(line))).toBe('[repositories.my-repo]\nurl2 = "x"\n');
    expect(kept).toEqual(['url2 = "x"']);
  });
});

test.each([
  ["the file is not TOML", "[repositories\n"],
  ["repositories is an inline table", `repositories = { other = { url = "x" } }\n`],
  ["the repository is an inline table", `[repositories]\nmy-repo = { url = "x" }\n`],
  ["the repository is a string", `[repositories]\nmy-repo = "x"\n`],
])("setting poetry's repository is refused with a conflict: %s", async (_, text) => {
  const error = await rejection(Promise.try(() => set(text)));
  expect(error).toMatchObject({ code: "edit_conflict" });
});

const pool = [
  "[repositories]",
  "[repositories.my-repo]",
  "[repositories.other] # note",
  '[http-basic."my-repo"]',
  "[virtualenvs]",
  `url = "${endpoint}"`,
  'url = "https://other.example/"',
  `my-repo.url = "${endpoint}"`,
  'other.url = "x"',
  `my-repo = { url = "${endpoint}" }`,
  'cache-dir = "/c" # c',
  'x = """\n[repositories.my-repo]\nurl = 1\n"""',
  'z = ["[", "]", "#", \'"\'] # ]',
  "  in-project = true",
  '"quoted key" = "\\"#"',
];

test("in any file of poetry's an edit is repeated without change and undone to the byte, or refused", () => {
  expectUndoable(configTexts(pool).map((text) => ({ text, set, unset })));
});

const python = join(import.meta.dir, "../../../.tools/poetry-1/bin/python");
test.skipIf(!requires(python))("poetry's own parser reads what was meant", () => {
  const text = set(`cache-dir = "/c"\n[repositories.other]\nurl = "https://other.example/"\n`);
  const code = "import sys, json, tomlkit; print(json.dumps(tomlkit.parse(sys.stdin.read()).unwrap()))";
  const { stdout } = Bun.spawnSync([python, "-c", code], { stdin: Buffer.from(text) });
  expect(JSON.parse(stdout.toString())).toEqual({
    "cache-dir": "/c",
    repositories: { other: { url: "https://other.example/" }, "my-repo": { url: endpoint } },
  });
});
