/** What README.md claims in figures and quotes is what the source has. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { targets } from "../../build/targets.ts";
import packageJson from "../../package.json" with { type: "json" };
import { inviteSeconds } from "../../src/server/administration/people.ts";
import { maxSessionSeconds } from "../../src/server/oauth/session-duration.ts";

const root = join(import.meta.dir, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const figures = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];

test("README.md has the figures of the source", () => {
  expect(readme).toContain(`archives for ${figures[targets.length]} systems`);
  expect(readme).toContain(`Node.js ${packageJson.engines.node.replace(">=", "")} or later`);
  expect(readme).toContain(`for the next ${figures[maxSessionSeconds / 3600]} hours`);
  expect(readme).toContain(`a one-time code, good for ${inviteSeconds / 3600} hours`);
});

test("README.md's tree has folders and files that exist", () => {
  const [, tree = ""] = /^```text\n(src\/main\.ts [^]*?)^```$/m.exec(readme) ?? [];
  const missing: string[] = [];
  let top = "";
  for (const line of tree.split("\n").filter((each) => each !== "")) {
    const [, indent, names] = /^( *)(\S+(?: \S+\/)*)(?: |$)/.exec(line)!;
    if (indent === "") top = names!;
    for (const name of names!.split(" ")) {
      const path = indent === "" ? name : join(top, name);
      if (!existsSync(join(root, path))) missing.push(path);
    }
  }
  expect(tree.split("\n").length).toBeGreaterThan(40);
  expect(missing).toEqual([]);
});

test("what README.md quotes as seen stands in the source or in a test that sees it", () => {
  const [, table = ""] = /^\| what you see [^\n]*\n([^]*?)\n\n/m.exec(readme) ?? [];
  const quotes = table.split("\n").flatMap((row) => Array.from((row.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)));
  expect(quotes.length).toBeGreaterThan(15);
  const files = [...new Glob("{src,test}/**/*.ts").scanSync(root)].filter((file) => !file.startsWith("test/docs/"));
  const corpus = files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  // Not the place, the service and the URL: messages have those of the case.
  const pieces = quotes.flatMap(([, quote]) =>
    quote!.split(/…|: /).map((piece) => piece.trim().replaceAll(/^\S+:\d+ |^AWS \w+ |^\/\S+ |http:\/\/$|[()]/g, "")),
  );
  expect(pieces.filter((piece) => !corpus.includes(piece))).toEqual([]);
});
