import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { mentionsOfPip } from "../../../../src/tools/python/project/requirement-files.ts";
import { mentionsOfProject } from "../../../../src/tools/python/project/toml-files.ts";
import { buildWheel } from "../../../sandbox/packages.ts";
import { tempFolder } from "../../../temp-folder.ts";

const url = "http://host.example/zzz-1.0-py3-none-any.whl";
const wheel = (requires: string[]) => buildWheel({ name: "lead", version: "1.0", files: {}, requires });
const leading = wheel([`zzz @ ${url}`]).bytes;
const name = "lead-1.0-py3-none-any.whl";
const noSecrets = { values: [], variables: new Set<string>() };

/** What pip's arguments, or without any the project's pyproject.toml, say in a folder with these files. */
function said(
  files: Record<string, string | Uint8Array>,
  args: string[] = [],
  env: Record<string, string> = {},
): string[] {
  using folder = tempFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    const isText = typeof content === "string";
    writeFileSync(join(folder.path, path), isText ? content.replaceAll("FOLDER", folder.path) : content);
  }
  const words = args.map((word) => word.replaceAll("FOLDER", folder.path));
  const mentions =
    args.length > 0 || Object.keys(env).length > 0
      ? mentionsOfPip(words, folder.path, env, noSecrets)
      : mentionsOfProject(folder.path, ["pyproject.toml"], false);
  return mentions
    .filter((each) => each.place.includes(".whl") || each.place.includes(".html") || each.kind === "unknown")
    .map(({ kind, url: at, what }) => `${kind} ${at ?? what}`);
}

const pip = (text: string) => ({
  files: { "r.txt": text, [`w/${name}`]: leading, [name]: leading },
  args: ["install", "-r", "r.txt"],
});

test.each<[string, string]>([
  ["a path", `./w/${name}`],
  ["a name", name],
  ["a requirement", `lead @ file:///FOLDER/${name}`],
  ["one with extras and a hash", `lead[x]@file://localhost/FOLDER/w/${name}#sha256=x ; python_version > "3"`],
  ["a folder of links", "--find-links ./w"],
  ["a folder of links, joined", "-fw"],
])("the metadata of a wheel that requirements name by %s is read", (_, line) => {
  const { files, args } = pip(line);
  expect(new Set(said(files, args))).toEqual(new Set([`url ${url}`]));
});

test.each<[string, string[], Record<string, string>]>([
  ["a path", ["install", `w/${name}`], {}],
  ["a requirement", ["install", `lead @ file:///FOLDER/w/${name}`], {}],
  ["a folder of links", ["install", "--find-links=w", "lead"], {}],
  ["a variable with a folder of links", ["install", "lead"], { PIP_FIND_LINKS: "w" }],
])("the metadata of a wheel is read that pip's command line names by %s", (_, args, env) => {
  expect(said({ [`w/${name}`]: leading }, args, env)).toEqual([`url ${url}`]);
});

test.each([
  ["poetry", `[tool.poetry.dependencies]\nlead = { path = "w/${name}" }`],
  ["uv", `[tool.uv.sources]\nlead = { path = "./w/${name}" }`],
  ["uv's links", `[tool.uv]\nfind-links = ["./w"]`],
  ["a requirement", `[project]\ndependencies = ["lead @ file://FOLDER/w/${name}"]`],
])("the metadata of a wheel in a project is read: %s", (_, text) => {
  expect(said({ "pyproject.toml": text, [`w/${name}`]: leading })).toEqual([`url ${url}`]);
});

test("a wheel that requires no URL says nothing, and one that requires a file is not known", () => {
  expect(said({ [name]: wheel(["my-package>=1"]).bytes }, [name])).toEqual([]);
  expect(said({ [name]: wheel(["x @ file:///tmp/x.whl"]).bytes }, [name])).toEqual(["unknown it requires a file"]);
});

/** A ZIP with one file, deflated, whose parts are changed before they are joined. */
function zipOf(
  path: string,
  change: { extra?: Buffer; comment?: Buffer; method?: number; before?: Buffer } = {},
): Buffer {
  const content = Buffer.from(`Requires-Dist: zzz @ ${url}\n`);
  const { extra = Buffer.alloc(0), comment = Buffer.alloc(0), method = 8, before = Buffer.alloc(0) } = change;
  const data = method === 8 ? deflateRawSync(content) : content;
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(method, 4);
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(data.length, 14);
  shared.writeUInt32LE(content.length, 18);
  shared.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(path), data]);
  const central = Buffer.from(shared);
  central.writeUInt16LE(extra.length, 24);
  const rest = Buffer.alloc(14);
  rest.writeUInt16LE(comment.length, 0);
  const directory = Buffer.concat([
    Buffer.from("PK\x01\x02\x14\x00"),
    central,
    rest,
    Buffer.from(path),
    extra,
    comment,
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([before, local, directory, end]);
}

const metadata = "lead-1.0.dist-info/METADATA";
test.each<[string, Buffer, string]>([
  ["deflated", zipOf(metadata), `url ${url}`],
  ["in another folder", zipOf("other-1.0.dist-info/METADATA"), `url ${url}`],
  ["with an extra field", zipOf(metadata, { extra: Buffer.from([0x55, 0x54, 1, 0, 0]) }), `url ${url}`],
  ["another compression", zipOf(metadata, { method: 14 }), "unknown it is no usual wheel"],
  [
    "another name in an extra field",
    zipOf("x", { extra: Buffer.from([0x75, 0x70, 1, 0, 0]) }),
    "unknown it is no usual wheel",
  ],
  ["a name with NUL", zipOf(`${metadata}\0x`), "unknown it is no usual wheel"],
  [
    "another directory",
    zipOf("x", { comment: Buffer.from(`PK\x06\x07${"x".repeat(16)}`) }),
    "unknown it is no usual wheel",
  ],
  ["something before it", zipOf(metadata, { before: Buffer.from("#!/bin/sh\n") }), "unknown it is no usual wheel"],
  ["no metadata", zipOf("x"), "unknown it has no METADATA"],
  ["something behind it", Buffer.concat([zipOf(metadata), Buffer.from("x")]), "unknown it is no usual wheel"],
  ["cut off", zipOf(metadata).subarray(9), "unknown it is no usual wheel"],
  ["empty", Buffer.alloc(0), "unknown it is no usual wheel"],
])("a wheel is read as all readers do, or not at all: %s", (_, bytes, expected) => {
  expect(said({ [name]: bytes }, [name])).toEqual([expected]);
});

test.each<[string, string, string[]]>([
  ["no link", "<html></html>", []],
  [
    "a link to elsewhere",
    `<a href="https://other.example/a&amp;b.whl">b</a>`,
    ["url https://other.example/a&amp;b.whl"],
  ],
  ["a link", `<a href='${url}'>x</a>`, [`url ${url}`]],
  ["a link with a line end in it", `<a href="htt\np://host.example/x">x</a>`, ["url http://host.example/x"]],
  ["a wheel beside it", `<a href="w/${name}">lead</a>`, [`url ${url}`]],
  ["a character reference", `<a href="h&#116;tp://host.example/x">x</a>`, ["unknown a page with links"]],
  ["a named one", `<a href="http&colon;//host.example/x">x</a>`, ["unknown a page with links"]],
  ["another base", `<base href="http://host.example/"><a href="x">x</a>`, ["unknown a page with links"]],
])("of a page with links in the project the links count: %s", (_, page, expected) => {
  const files = { "l.html": page, "r.txt": "--find-links l.html\n", [`w/${name}`]: leading };
  expect(said(files, ["install", "-r", "r.txt"])).toEqual(expected);
});
