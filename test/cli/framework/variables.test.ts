import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { environmentPage } from "../../../build/environment-page.ts";
import { allVariableGroups } from "../../../build/variables.ts";

const src = join(import.meta.dir, "../../../src");
const table = new Set(allVariableGroups.flatMap(({ variables }) => variables.flatMap(({ names }) => names)));

/** Names of variables have a prefix of their owner; names without one are found where an environment is indexed. */
const named =
  /["'`]((?:VOUCH|XDG|AWS|ACTIONS|CIRCLE|BITBUCKET|CARGO|PIP|TWINE|COREPACK|SSL|NODE|NO|FORCE|ALL|HTTPS?)_[A-Z0-9_]*[A-Z0-9])["'`]/g;
const indexed = /\benv\w*(?:\?\.)?\["([A-Za-z_]+)"\]/g;
/** Literals of that form that are not variables read by Vouch, each with what it is. */
const others = new Map([
  ["CARGO_REGISTRIES_NAME_TOKEN", "a place in a message"],
  ["NODE_OPTIONS", "removed by the guard, not read"],
  ["NO_CREDENTIALS", "a status of CTAP"],
]);

/** The names in the code of a file, comments aside. */
function namesIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(named), ...code.matchAll(indexed)].map(([, name]) => name!);
}

const read = new Map<string, string>();
for (const file of new Glob("**/*.ts").scanSync(src)) {
  if (file === "cli/framework/variables.ts") continue;
  for (const name of namesIn(readFileSync(join(src, file), "utf8"))) read.set(name, file);
}

test("every environment variable that the code reads is in the table", () => {
  const missing = [...read].filter(([name]) => !table.has(name.toUpperCase()) && !others.has(name));
  expect(missing).toEqual([]);
});

test("every environment variable in the table is read by the code", () => {
  const all = [...new Glob("**/*.ts").scanSync(src)]
    .filter((file) => file !== "cli/framework/variables.ts")
    .map((file) => readFileSync(join(src, file), "utf8"))
    .join("\n");
  // Two names are made from another one and an ending.
  const isRead = (name: string): boolean => all.includes(name) || all.includes(name.replace(/_(FILE|MODE)$/, ""));
  expect([...table].filter((name) => !isRead(name))).toEqual([]);
});

test("docs/environment.md is what `bun build/environment-page.ts` writes", () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/environment.md"), "utf8");
  expect(page).toBe(environmentPage());
});
