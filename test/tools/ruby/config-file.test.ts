import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { dropGemSource, setGemSource, unsetGemSource } from "../../../src/tools/ruby/config-file.ts";
import { readGemrc } from "../../../src/tools/ruby/gemrc.ts";
import { expectUndoable, unlessRefused } from "../../editing/edit-property.ts";
import { endpointOf, id, start } from "../../editing/repository.ts";
import { configTexts } from "../../editing/texts.ts";
import { requires } from "../../requires.ts";

const file = "/home/dev/.gemrc";
const endpoint = endpointOf("ruby");
const other = endpoint.replace("my-repo", "other");
const own = { file, endpoints: [endpoint, other] };

const set = (text: string | undefined): string => setGemSource(text, id, { endpoint }, file).text;
const unset = (text: string): string | undefined => unsetGemSource(text, id, own);

describe("the source of gem is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(`${start}\n:sources:\n- ${endpoint}\n# <<< vouch; this file did not exist\n`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("in place of the list that is there, however it is written", () => {
    for (const list of [
      ":sources:\n- https://rubygems.org/\n# note\n- https://b.example/\n",
      ":sources:\n  - https://rubygems.org/\n\n  - https://b.example/\n",
      ":sources: [https://rubygems.org/,\n  https://b.example/]\n",
    ]) {
      const text = `---\n:verbose: true\n${list}gem: --no-document\n`;
      const edited = set(text);
      expect(readGemrc(edited)).toEqual({ ":verbose": true, ":sources": [endpoint], gem: "--no-document" });
      expect(edited).toStartWith(`---\n:verbose: true\n${start}\n#| :sources:`);
      expect(edited).toEndWith(`\n- ${endpoint}\n# <<< vouch\ngem: --no-document\n`);
      expect(unset(edited)).toBe(text);
    }
  });

  test("for a second repository, which takes the place of the first; removing either leaves the other", () => {
    const first = set(":verbose: true\n");
    const second = "my-domain/other 123456789012 us-east-1";
    const both = setGemSource(first, second, { endpoint: other }, file, [endpoint]).text;
    expect(readGemrc(both)).toEqual({ ":verbose": true, ":sources": [other] });
    expect(unsetGemSource(both, second, own)).toBe(first);
    const rest = unset(both)!;
    expect(readGemrc(rest)).toEqual({ ":verbose": true, ":sources": [other] });
    expect(unsetGemSource(rest, second, own)).toBe(":verbose: true\n");
  });
});

test("beside the public source the endpoint is one more item, and the public one is named where none was", () => {
  const add = (text: string | undefined) => setGemSource(text, id, { endpoint, extra: true }, file).text;
  expect(readGemrc(add(undefined))).toEqual({ ":sources": ["https://rubygems.org/", endpoint] });
  expect(unset(add(undefined))).toBeUndefined();
  for (const text of [":sources:\n- https://a.example/\ngem: --no-document\n", ":sources:\n    - https://a.example/"]) {
    const edited = add(text);
    expect(readGemrc(edited)?.[":sources"]).toEqual(["https://a.example/", endpoint]);
    expect(add(edited)).toBe(edited);
    expect(unset(edited)).toBe(text);
    expect(readGemrc(set(edited))?.[":sources"]).toEqual([endpoint]);
  }
  expect(() => add(":sources: [https://a.example/]\n")).toThrow(expect.objectContaining({ code: "edit_conflict" }));
});

test("a source that the user adds to the block stays after the removal", () => {
  const edited = set("gem: --no-document\n").replace("# <<<", "- https://mine.example/\n# <<<");
  const kept: string[] = [];
  const left = unsetGemSource(edited, id, { ...own, onKept: (line) => kept.push(line) });
  expect(readGemrc(left!)).toEqual({ gem: "--no-document", ":sources": ["https://mine.example/"] });
  expect(kept).toContain("- https://mine.example/");
});

test("a password in a replaced source draws a warning that does not show it", () => {
  const { warnings } = setGemSource(":sources:\n- https://aws:secret@a.example/\n", id, { endpoint }, file);
  expect(warnings).toEqual([expect.stringContaining(file)]);
  expect(warnings[0]).not.toContain("secret");
});

test.each(["- a list\n", "{:sources: [a]}\n", "a: 1\n---\nb: 2\n", "a: [\n", "a: 1\n...\n", "\ufeffa: 1\n"])(
  "a file that Vouch cannot change safely is left alone, with the lines to write: %j",
  (text) => {
    expect(() => set(text)).toThrow(
      expect.objectContaining({ code: "edit_conflict", hint: expect.stringContaining(endpoint) }),
    );
  },
);

test("the endpoint is taken out of a list that gem has written anew", () => {
  const text = `---\n:backtrace: false\n:sources:\n- ${endpoint}\n:verbose: true\n`;
  expect(dropGemSource(text, endpoint, [":sources:", "- https://a.example/"])).toBe(
    "---\n:backtrace: false\n:sources:\n- https://a.example/\n:verbose: true\n",
  );
  expect(dropGemSource(text, endpoint)).toBe("---\n:backtrace: false\n:verbose: true\n");
  expect(dropGemSource(text.replace(":verbose", "- https://b.example/\n:verbose"), endpoint, ["- lost"])).toBe(
    "---\n:backtrace: false\n:sources:\n- https://b.example/\n:verbose: true\n",
  );
  expect(dropGemSource("---\n:verbose: true\n", endpoint)).toBeUndefined();
});

const pool = [
  "---",
  ":sources:",
  ":sources: ",
  ":sources: [https://a.example/, https://b.example/]",
  ":sources: [https://a.example/,",
  "  https://b.example/]",
  "- https://rubygems.org/",
  "  - https://b.example/",
  '- "https://quoted.example/"',
  ":backtrace: false",
  ":ssl_ca_cert: /etc/ssl/mine.pem",
  "gem: --no-document",
  '"install": --user-install',
  ":note: |",
  "  :sources:",
  "https://gems.example.com: key",
  "...",
];

test("in any file of gem's an edit is repeated without change and undone to the byte", () => {
  expectUndoable(configTexts(pool).map((text) => ({ text, set, unset })));
});

test("files of plain options are always edited", () => {
  const plain = fc.uniqueArray(
    fc.constantFrom(":backtrace: false", "gem: --no-document", ":verbose: true", "# note", ""),
  );
  const list = fc.constantFrom("", ":sources:\n- https://a.example/\n", ":sources:\n  - a\n  - b\n");
  fc.assert(
    fc.property(plain, list, fc.nat({ max: 5 }), (options, sources, at) => {
      const text = options
        .map((option) => `${option}\n`)
        .toSpliced(at, 0, sources)
        .join("");
      expect(unlessRefused(() => set(text))).toBeDefined();
    }),
    { numRuns: propertyRuns },
  );
});

test.skipIf(!requires("ruby"))("Ruby's own YAML finds the source that was set, and everything else as before", () => {
  const pairs = fc.sample(configTexts(pool), propertyRuns).flatMap((text) => {
    const edited = unlessRefused(() => set(text));
    if (edited === undefined) return [];
    // A block behind the last line gives it its line end, which is part of a literal text (`|`).
    return [[edited.endsWith("\n") ? text.replace(/[^\n]$/, "$&\n") : text, edited] as const];
  });
  expect(pairs.length).toBeGreaterThan(0);
  // As Gem::ConfigFile#load_file does. Symbols are told from texts by their inspection.
  const program = `require "json"
    Gem.load_yaml
    def read(text)
      found = Gem::SafeYAML.load(text) || {}
      found.is_a?(Hash) ? found.transform_keys(&:inspect) : "unreadable"
    rescue StandardError, Psych::SyntaxError
      "unreadable"
    end
    puts JSON.generate(JSON.parse(STDIN.read).map { |pair| pair.map { |text| read(text) } })`;
  const run = Bun.spawnSync(["ruby", "-e", program], { stdin: Buffer.from(JSON.stringify(pairs)) });
  const parsed = JSON.parse(run.stdout.toString()) as [unknown, unknown][];
  for (const [index, [before, after]] of parsed.entries()) {
    const [text] = pairs[index]!;
    if (before === "unreadable") continue;
    expect({ text, after }).toEqual({ text, after: { ...(before as object), ":sources": [endpoint] } });
  }
});
