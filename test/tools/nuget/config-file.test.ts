import { propertyRuns } from "../../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VouchError } from "../../../src/base/errors.ts";
import { setNugetSource, sourcesIn, passwordsIn, unsetNugetSource } from "../../../src/tools/nuget/config-file.ts";
import { id } from "../../editing/repository.ts";
import { xmlTexts } from "../../editing/xml-texts.ts";
import { requires } from "../../requires.ts";

const file = "/home/dev/.nuget/NuGet/NuGet.Config";
const url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/nuget/my-repo/v3/index.json";
const other = url.replace("my-repo", "other");
const urls = [url, other];
const name = "my-domain/my-repo";

const set = (text: string | undefined, isExtra = false): string =>
  setNugetSource(text, id, { name, url, isExtra }, { file, urls }).text;
const unset = (text: string): string | undefined => unsetNugetSource(text, id, { file, urls });

const asDotnetWritesIt = `<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="nuget.org" value="https://api.nuget.org/v3/index.json" protocolVersion="3" />
  </packageSources>
</configuration>
`;

describe("the source of NuGet is set", () => {
  test("in a new file", () => {
    expect(set(undefined)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <packageSources>
    <!-- >>> vouch ${id} -->
    <clear />
    <add key="${name}" value="${url}" />
    <!-- <<< vouch; this file did not exist; made packageSources -->
  </packageSources>
</configuration>
`);
    expect(unset(set(undefined))).toBeUndefined();
  });

  test("in the file that dotnet makes, in place of the public one", () => {
    const edited = set(asDotnetWritesIt);
    expect(sourcesIn(edited, file)).toEqual([{ name, url }]);
    expect(edited).toContain('<add key="nuget.org"');
    expect(unset(edited)).toBe(asDotnetWritesIt);
  });

  test("beside the public one, which is named in a new file", () => {
    const publicSource = { name: "nuget.org", url: "https://api.nuget.org/v3/index.json" };
    expect(sourcesIn(set(undefined, true), file)).toEqual([publicSource, { name, url }]);
    expect(unset(set(undefined, true))).toBeUndefined();
    expect(sourcesIn(set(asDotnetWritesIt, true), file)).toEqual([publicSource, { name, url }]);
    expect(set(set(asDotnetWritesIt), true)).toBe(set(asDotnetWritesIt, true));
  });

  test("for a second repository, which is then the only one; removing either leaves the other", () => {
    const second = "my-domain/other 123456789012 us-east-1";
    const both = setNugetSource(
      set(asDotnetWritesIt),
      second,
      { name: "my-domain/other", url: other, isExtra: false },
      { file, urls },
    ).text;
    expect(sourcesIn(both, file)).toEqual([{ name: "my-domain/other", url: other }]);
    expect(unsetNugetSource(both, second, { file, urls })).toBe(set(asDotnetWritesIt));
    expect(unsetNugetSource(unset(both)!, second, { file, urls })).toBe(asDotnetWritesIt);
  });
});

test("a source of the user's in the block stays", () => {
  const mine = '<add key="mine" value="https://mine.example/v3/index.json" />';
  const kept: string[] = [];
  const left = unsetNugetSource(set(asDotnetWritesIt).replace("<clear />", `<clear />${mine}`), id, {
    file,
    urls,
    onKept: (text) => kept.push(text),
  });
  expect(kept).toEqual([mine]);
  expect(sourcesIn(left!, file).map((source) => source.name)).toEqual(["nuget.org", "mine"]);
});

test("a stored password, a source that is disabled and a mapping are named", () => {
  const text = asDotnetWritesIt.replace(
    "</configuration>",
    `<packageSourceCredentials><my-domain_x002F_my-repo><add key="Username" value="aws" /><add key="ClearTextPassword" value="secret" /></my-domain_x002F_my-repo></packageSourceCredentials>
<disabledPackageSources><add key="${name}" value="true" /></disabledPackageSources><packageSourceMapping /></configuration>`,
  );
  expect(passwordsIn(text, file)).toMatchObject([{ source: name }]);
  const { warnings } = setNugetSource(text, id, { name, url, isExtra: false }, { file, urls });
  expect(warnings).toEqual([
    expect.stringContaining("disabledPackageSources"),
    expect.stringContaining("maps packages"),
  ]);
  expect(warnings.join("")).not.toContain("secret");
});

test.each(["", "<configuration>", "<settings/>", "<!DOCTYPE x><configuration/>"])(
  "a file that is no configuration is left alone: %j",
  (text) => {
    expect(() => set(text)).toThrow(expect.objectContaining({ code: "edit_conflict" }));
  },
);

const texts = xmlTexts(
  "configuration",
  ["packageSources", "config", "packageSourceCredentials"],
  [
    '<add key="nuget.org" value="https://api.nuget.org/v3/index.json" protocolVersion="3" />',
    "<add key='b' value='https://b.example/?a=1&amp;b=2'></add>",
    "<clear />",
    "<clear></clear>",
    '<add value="https://c.example" key="&#x63;"/>',
  ],
);

test("in any file of NuGet's an edit is repeated without change, undone to the byte, and nothing else is touched", () => {
  fc.assert(
    fc.property(texts, fc.boolean(), (text, isExtra) => {
      const edited = set(text, isExtra);
      expect(unset(edited)).toBe(text);
      expect(set(edited, isExtra)).toBe(edited);
      const before = sourcesIn(text, file);
      const expected = isExtra ? [...before.filter((source) => source.name !== name), { name, url }] : [{ name, url }];
      expect(sourcesIn(edited, file)).toEqual(expected);
    }),
    { numRuns: propertyRuns },
  );
});

test.skipIf(!requires("python3"))(
  "another XML parser finds the source that was set, and everything else as before",
  () => {
    const pairs = fc.sample(texts, propertyRuns).map((text) => [text, set(text)]);
    const program = `
import json, sys, xml.etree.ElementTree as tree
def flat(element):
    return [element.tag, sorted(element.attrib.items()), [flat(child) for child in element]]
def sections(text):
    return [flat(child) for child in tree.fromstring(text.lstrip("\\ufeff").encode("utf-8"))]
print(json.dumps([[sections(text) for text in pair] for pair in json.load(sys.stdin)]))`;
    const run = Bun.spawnSync(["python3", "-c", program], { stdin: Buffer.from(JSON.stringify(pairs)) });
    type Section = [tag: string, attributes: unknown, children: unknown[]];
    const own = [
      ["clear", [], []],
      [
        "add",
        [
          ["key", name],
          ["value", url],
        ],
        [],
      ],
    ];
    for (const [before, after] of JSON.parse(run.stdout.toString()) as [Section[], Section[]][]) {
      const isSources = ([tag]: Section) => tag === "packageSources";
      const known = before.find(isSources);
      const wanted: Section = ["packageSources", known?.[1] ?? [], [...(known?.[2] ?? []), ...own]];
      expect(after.find(isSources)).toEqual(wanted);
      expect(after.filter((section) => !isSources(section))).toEqual(before.filter((section) => !isSources(section)));
    }
  },
);

test("what a file must not hold is an error with its own code", () => {
  expect(() => sourcesIn("<a>", file)).toThrow(VouchError);
});
