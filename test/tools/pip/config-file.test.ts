import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIni } from "../../../src/editing/configparser.ts";
import { setPipIndex, unsetPipIndex } from "../../../src/tools/pip/config-file.ts";
import { rejection } from "../../rejection.ts";
import { requires } from "../../requires.ts";
import { toolchainEnvironment } from "../../toolchains/toolchains.ts";
import { expectUndoable, unlessRefused } from "../../editing/edit-property.ts";
import { id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";

const file = "/home/dev/.config/pip/pip.conf";
const indexUrl = "https://aws@my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/";

const own = { file, indexes: [indexUrl, indexUrl.replace("my-repo", "other")] };

const set = (text: string | undefined): string => setPipIndex(text, id, indexUrl, file).text;
const unset = (text: string): string | undefined => unsetPipIndex(text, id, own);

test("pip's index is set in a new file", () => {
  expect(set(undefined)).toBe(
    `${start}\n[global]\nindex-url = ${indexUrl}\nkeyring-provider = subprocess\n# <<< vouch; this file did not exist\n`,
  );
  expect(unset(set(undefined))).toBeUndefined();
});

test("options of pip that are there are replaced where they stand, however they are spelled", () => {
  const text =
    "[global]\ntimeout = 60\nIndex_URL: https://index.example.com/simple\n   ; comment\n   continued\n\n--keyring-provider=import\n";
  expect(set(text)).toBe(
    [
      "[global]",
      "timeout = 60",
      start,
      "#| Index_URL: https://index.example.com/simple",
      "#|    ; comment",
      "#|    continued",
      `index-url = ${indexUrl}`,
      "# <<< vouch",
      "",
      start,
      "#| --keyring-provider=import",
      "keyring-provider = subprocess",
      "# <<< vouch",
      "",
    ].join("\n"),
  );
  expect(unset(set(text))).toBe(text);
});

describe("setting pip's index keeps every other byte", () => {
  test.each([
    ["no [global]", "[install]\nuser = yes\n"],
    ["an empty [global] at the end", "[global]"],
    ["options that are indented", "[global]\n  timeout = 60\n  retries = 3\n[install]\n  user = yes\n"],
    ["a value of several lines at the end", "[global]\nfind-links =\n    /a\n\n    /b\n# c\n    /d\n"],
    ["two spellings at once", "[global]\nindex_url = a\nindex-url = b\n"],
    ["a section for a command", "[install]\nindex-url = https://other.example/\n"],
    ["Windows line ends", "[global]\r\nindex-url = a\r\n"],
    ["percent signs", "[global]\nproxy = http://a%20b@proxy.example\n"],
  ])("in a file with %s", (_, text) => {
    const edited = set(text);
    const values = new Map(
      readIni(edited.split(/\r?\n/)).options.map(({ section, name, value }) => [`${section}.${name}`, value]),
    );
    expect(values.get("global.index-url")).toBe(indexUrl);
    expect(values.get("global.keyring-provider")).toBe("subprocess");
    expect(set(edited)).toBe(edited);
    expect(unset(edited)).toBe(text);
  });
});

test("an index-url of one pip command draws a warning with its line as it is after the edit", () => {
  const { text, atEnd } = setPipIndex(
    "[global]\ntimeout = 1\n[install]\nindex_url = x\n[freeze]\ntimeout = 1\n",
    id,
    indexUrl,
    file,
  );
  const line = text.split("\n").indexOf("index_url = x") + 1;
  expect(line).toBeGreaterThan(4);
  expect(atEnd!(text)).toEqual([expect.stringContaining(`sets index-url in [install] as well (line ${line})`)]);
});

test("a password in the index that is replaced draws a warning, without the password", () => {
  const { warnings } = setPipIndex("[global]\nindex-url = https://aws:hunter2@old.example/\n", id, indexUrl, file);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("index-url");
  expect(warnings[0]).not.toContain("hunter2");
});

test.each([
  ["a section twice", "[global]\n[global]\n", "line 2"],
  ["an option twice", "[global]\ntimeout = 1\nTimeout = 2\n", "line 3"],
  ["no section first", "timeout = 1\n", "line 1"],
  ["no value", "[global]\ntimeout\n", "line 2"],
  ["a byte order mark", "\ufeff[global]\n", "byte order mark"],
])("a file that pip itself cannot read is refused: %s", async (_, text, why) => {
  const error = await rejection(Promise.try(() => set(text)));
  expect(error).toMatchObject({ code: "edit_conflict" });
  expect(error.message).toContain(why);
});

describe("of two repositories the later one is pip's index", () => {
  const other = "my-domain/other 123456789012 us-east-1";
  const otherUrl = indexUrl.replace("my-repo", "other");

  test.each([
    ["no file", undefined],
    ["a file without [global]", "[install]\nuser = yes"],
    ["a file with an index", "[global]\nindex-url = a\ntimeout = 1\nkeyring-provider = import\n"],
  ])("in a file that was: %s", (_, text) => {
    const one = set(text);
    const both = setPipIndex(one, other, otherUrl, file).text;
    const valueOf = (edited: string): string | undefined =>
      readIni(edited.split("\n")).options.find(({ name }) => name === "index-url")?.value;
    expect(valueOf(both)).toBe(otherUrl);
    expect(unsetPipIndex(both, other, own)).toBe(one);
    const rest = unset(both)!;
    expect(valueOf(rest)).toBe(otherUrl);
    expect(unsetPipIndex(rest, other, own)).toBe(text);
    // Set up again, the first one is on top.
    expect(valueOf(set(both))).toBe(indexUrl);
    expect(set(set(both))).toBe(set(both));
  });
});

test("options of pip that the user added behind the block keep their section", () => {
  expect(unset(`${set(undefined)}timeout = 60\n`)).toBe("[global]\ntimeout = 60\n");
});

const pool = [
  "[global]",
  "  [global]",
  "[install]",
  "[DEFAULT]",
  "[global] trailing",
  "index-url = https://index.example.com/simple",
  "index_url: https://user:pass@pypi.example/simple",
  "INDEX-URL=https://index.example.com/simple",
  "  index-url = indented",
  "keyring-provider = import",
  "Keyring_Provider = disabled",
  "timeout = 60",
  "timeout : 61 ; not a comment",
  "find-links =",
  "    /deep/er",
  "\t/tab",
  "  # indented comment",
  "; comment = x",
  "= no name",
  "no value",
  "a[b]=c:d",
  "extra-index-url =\n    https://a.example\n\n    https://b.example",
  "\u00a0nbsp = x",
  "\u2003em = x",
  "x = \u0085next-line",
];

test("in any file of pip's an edit is repeated without change and undone to the byte, or refused", () => {
  const texts = fc
    .tuple(configTexts(pool), fc.boolean())
    .map(([text, withSection]) => (withSection ? `[global]\n${text.replace(/^\ufeff/, "")}` : text));
  expectUndoable(
    texts.map((text) => ({ text, set, unset })),
    propertyRuns / 50,
  );
});

/** Reads texts with Python's configparser: [section, option, value] for each, or null where it refuses. */
const pythonReader = `
import configparser, io, json, sys
def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        return None
    found = [["DEFAULT", k, v] for k, v in parser.defaults().items()]
    return found + [[s, k, v] for s in parser.sections() for k, v in parser._sections[s].items()]
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;
import { tempFolder } from "../../temp-folder.ts";

test.skipIf(!requires("python3"))("Python's configparser reads every file of pip's as we do, before and after", () => {
  const texts = fc
    .sample(configTexts(pool, { byteOrderMark: false }), 400)
    .flatMap((text) => [text, `[global]\n${text}`, `[install]\n${text}`]);
  const edited = texts.flatMap((text) => unlessRefused(() => set(text)) ?? []);
  const all = [...texts, ...edited];
  const run = Bun.spawnSync(["python3", "-c", pythonReader], { stdin: Buffer.from(JSON.stringify(all)) });
  const theirs = JSON.parse(run.stdout.toString()) as ([string, string, string][] | null)[];
  for (const [index, text] of all.entries()) {
    let ours: [string, string, string][] | null;
    try {
      ours = readIni(text.match(/[^\n]*\n|[^\n]+$/g) ?? []).options.map((each) => [
        each.section,
        each.name,
        each.value,
      ]);
    } catch {
      ours = null;
    }
    expect({ text, options: ours?.toSorted() ?? null }).toEqual({ text, options: theirs[index]?.toSorted() ?? null });
  }
  for (const options of theirs.slice(texts.length)) {
    expect(options).toContainEqual(["global", "index-url", indexUrl]);
    expect(options).toContainEqual(["global", "keyring-provider", "subprocess"]);
  }
  expect(edited.length).toBeGreaterThan(100);
});

test.skipIf(!requires("pip"))("pip reads the index that was set", () => {
  using home = tempFolder();
  const path = join(home.path, "pip.conf");
  const list = (text: string): string => {
    writeFileSync(path, text);
    const env = { ...toolchainEnvironment(home.path), PIP_CONFIG_FILE: path };
    return Bun.spawnSync(["pip", "config", "list"], { env }).stdout.toString();
  };
  const text = "[global]\n  timeout = 60\n  index_url = https://index.example.com/simple\n[install]\nuser = yes";
  expect(list(set(text))).toContain(`global.index-url='${indexUrl}'\nglobal.keyring-provider='subprocess'\n`);
  expect(list(unset(set(text))!)).toContain("global.index-url='https://index.example.com/simple'\n");
});
