import { propertyRuns } from "../property-runs.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { insertXmlBlocks, removeXmlBlocks, type XmlAddition, xmlBlockIds } from "../../src/editing/xml-blocks.ts";
import { readXml, textOf } from "../../src/editing/xml-document.ts";
import { rejection } from "../rejection.ts";
import { requires } from "../requires.ts";
import { xmlTexts } from "./xml-texts.ts";

const place = { file: "/home/dev/settings.xml", root: "settings", rootTag: '<settings xmlns="urn:settings">' };
const additions = (name: string): XmlAddition[] => [
  { container: "servers", lines: ["<server>", `  <id>${name}</id>`, "</server>"] },
  { container: "mirrors", lines: [`<mirror>${name}</mirror>`], isFirst: true },
];
const insert = (text: string | undefined, id: string): string =>
  insertXmlBlocks(text, id, additions(id.replaceAll(" ", "")), place);
const remove = (text: string, id: string): string | undefined =>
  removeXmlBlocks(text, id, { ...place, isOwn: () => true });

const ids = ["my-domain/my-repo 123456789012 us-east-1", "a--b/c--- 1 e", "x%2D/y 2 e"];
const texts = xmlTexts("settings", ["servers", "mirrors", "profiles"], ["<server><id>own</id></server>", "<mirror/>"]);

test("a missing container is made, and one that is there is extended", () => {
  const text = "<settings>\n\t<servers>\n\t\t<server/>\n\t</servers>\n</settings>\n";
  expect(insert(text, "d/r 1 e")).toBe(
    [
      "<settings>",
      "\t<servers>",
      "\t\t<server/>",
      "\t\t<!-- >>> vouch d/r 1 e -->",
      "\t\t<server>",
      "\t\t  <id>d/r1e</id>",
      "\t\t</server>",
      "\t\t<!-- <<< vouch -->",
      "\t</servers>",
      "\t<mirrors>",
      "\t\t<!-- >>> vouch d/r 1 e -->",
      "\t\t<mirror>d/r1e</mirror>",
      "\t\t<!-- <<< vouch; made mirrors -->",
      "\t</mirrors>",
      "</settings>",
      "",
    ].join("\n"),
  );
});

test("blocks are removed in any order, and every byte is as before", () => {
  fc.assert(
    fc.property(
      fc.option(texts, { nil: undefined }),
      fc.shuffledSubarray(ids, { minLength: 1 }),
      fc.nat(5),
      (text, added, turn) => {
        let edited = text;
        for (const id of added) edited = insert(edited, id);
        expect(xmlBlockIds(edited!, place.file).toSorted()).toEqual(added.toSorted());
        const order = added.map((_, index) => added[(index + turn) % added.length]!);
        for (const [index, id] of order.entries()) {
          expect(xmlBlockIds(edited!, place.file).includes(id)).toBe(true);
          edited = remove(edited!, id);
          if (index < order.length - 1) expect(xmlBlockIds(edited!, place.file).includes(id)).toBe(false);
        }
        expect(edited).toBe(text);
      },
    ),
    { numRuns: propertyRuns },
  );
});

test("a block that is removed and inserted again is what it was", () => {
  fc.assert(
    fc.property(fc.option(texts, { nil: undefined }), (text) => {
      const once = insert(text, ids[0]!);
      expect(insert(remove(once, ids[0]!), ids[0]!)).toBe(once);
    }),
    { numRuns: propertyRuns },
  );
});

test("what the user adds to a container that Vouch has made stays", () => {
  fc.assert(
    fc.property(fc.option(texts, { nil: undefined }), fc.nat(2), (text, at) => {
      const edited = insert(insert(text, ids[0]!), ids[1]!);
      const places = ["</servers", "<server>", "</mirrors"];
      const found = edited.lastIndexOf(places[at]!);
      const users = "<mine>1</mine>";
      let left: string | undefined = edited.slice(0, found) + users + edited.slice(found);
      const rules = { ...place, isOwn: ({ name }: { name: string }) => name !== "mine" };
      for (const id of ids.slice(0, 2)) left = removeXmlBlocks(left!, id, rules);
      expect(left).toContain(users);
      expect(left).not.toContain(">>> vouch my");
      expect(xmlBlockIds(left!, place.file)).toEqual([]);
    }),
    { numRuns: propertyRuns },
  );
});

test("an element that the user changed in a block stays, and is named", () => {
  const edited = insert("<settings/>", "d/r 1 e").replace("<mirror>d/r1e<", "<mirror>mine<");
  const kept: string[] = [];
  const left = removeXmlBlocks(edited, "d/r 1 e", {
    ...place,
    isOwn: (element, document) => element.name !== "mirror" || textOf(document, element) !== "mine",
    onKept: (text) => kept.push(text),
  });
  expect(kept).toEqual(["<mirror>mine</mirror>"]);
  expect(left).toBe("<settings>\n  <mirrors>\n    <mirror>mine</mirror>\n  </mirrors>\n</settings>");
});

test.each([
  ["", "line 1: an element is missing"],
  ["<settings>\n<servers>\n</settings>", "line 3: </settings> in the place of </servers>"],
  ["<settings>\n<servers>", "line 2: <servers> has no end"],
  ["<settings a=1/>", "line 1: the value of the attribute a, in quotes, is missing"],
  ["<settings a='1' a='2'/>", "line 1: a second attribute a of <settings>"],
  ["<settings><!-- a -- b --></settings>", "line 1: `--` in a comment"],
  ["<settings>&unknown;</settings>", "line 1: `&` that begins no reference of XML's own"],
  ["<settings>&#1;</settings>", "line 1: the reference &#1;"],
  ["<settings>&#9999999;</settings>", "line 1: the reference &#9999999;"],
  ["<settings>]]></settings>", "line 1: `]]>` outside of a CDATA section"],
  ["<settings/><settings/>", "line 1: something behind the end of the document"],
  [
    '<!DOCTYPE settings [<!ENTITY a "b">]><settings/>',
    "line 1: a document type declaration, which Vouch does not read",
  ],
  ["<settings>\u0001</settings>", "line 1: a character that XML does not allow"],
  [" <?xml version='1.0'?><settings/>", "line 1: an XML declaration that is malformed or in the wrong place"],
  ["<a>".repeat(300), "line 1: elements too deep in each other"],
])("refuses %p: %s", async (text, why) => {
  const { code, message } = await rejection(() => insert(text, "d/r 1 e"));
  expect({ code, message }).toEqual({
    code: "edit_conflict",
    message: `${place.file} is not well-formed XML, so it is left alone: ${why}.`,
  });
});

test.each([
  ["<?xml version='1.0' encoding='iso-8859-1'?><settings/>", "declares the encoding iso-8859-1"],
  ["<s:settings xmlns:s='urn:s'/>", "has the root <s:settings>, where <settings> was expected"],
  ["<settings>\n<servers/>\n<servers/></settings>", "has <servers> twice (line 3)"],
  [
    "<settings><servers><!-- >>> vouch a --></servers></settings>",
    "was changed by hand: the block of a has no end (line 1)",
  ],
  [
    "<settings><servers><!-- <<< vouch --></servers></settings>",
    "was changed by hand: the mark `<<< vouch` has no beginning (line 1)",
  ],
])("refuses %p, for it %s", async (text, why) => {
  const run = (): void => {
    xmlBlockIds(insert(text, "d/r 1 e"), place.file);
  };
  expect(await rejection(run)).toMatchObject({ code: "edit_conflict", message: `${place.file} ${why}.` });
});

describe.skipIf(!requires("python3"))("Python's parser", () => {
  /** What expat finds in each text: some elements with their texts, or the word "malformed". */
  function read(all: readonly string[]): (string[] | string)[] {
    const script = `
import json, sys, xml.etree.ElementTree as tree
from xml.parsers import expat
def read(text):
    try:
        expat.ParserCreate().Parse(text.encode("utf-8"), True)
    except (expat.ExpatError, LookupError):
        return "malformed"
    try:
        root = tree.fromstring(text.encode("utf-8"))
    except tree.ParseError:
        return "a prefix without a namespace"
    return [each.tag.split("}")[-1] + ":" + "".join(each.itertext()).strip() for each in root.iter() if each.tag.split("}")[-1] in ("server", "mirror", "ünïcode", "note")]
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`;
    const { stdout, stderr, success } = Bun.spawnSync(["python3", "-c", script], {
      stdin: Buffer.from(JSON.stringify(all)),
    });
    if (!success) throw new Error(stderr.toString());
    return JSON.parse(stdout.toString()) as (string[] | string)[];
  }

  test("reads what was there, and what Vouch has added", () => {
    const samples = fc.sample(texts, propertyRuns);
    const before = read(samples);
    const after = read(samples.map((text) => insert(text, "d/r 1 e")));
    const own = ["server:d/r1e", "mirror:d/r1e"];
    for (const [index, text] of samples.entries()) {
      expect([text, before[index]]).not.toEqual([text, "malformed"]);
      expect([...(after[index] as string[])].toSorted()).toEqual([...(before[index] as string[]), ...own].toSorted());
    }
  });

  test("finds malformed what Vouch does, after any character is lost or doubled", () => {
    const broken = fc.tuple(texts, fc.nat(), fc.boolean()).map(([text, position, double]) => {
      // Behind the declaration, whose version number expat does not look at.
      const declared = text.indexOf("?>") + 1;
      const at = declared + (position % (text.length - declared));
      return double ? text.slice(0, at) + text[at]! + text.slice(at) : text.slice(0, at) + text.slice(at + 1);
    });
    const samples = fc.sample(broken, propertyRuns);
    const theirs = read(samples).map((found) => found === "malformed");
    const ours = samples.map((text) => {
      try {
        return readXml(text).encoding !== "utf-8";
      } catch {
        return true;
      }
    });
    for (const [index, text] of samples.entries()) expect([text, ours[index]]).toEqual([text, theirs[index]]);
  });
});
