import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { npxToNpm, parseNpm } from "../../../../src/tools/npm/command-line/arguments.ts";
import { readCommand, resolveCommand } from "../../../../src/tools/npm/command-line/commands.ts";
import { kindOf, optionNames, shorthands, versions } from "../../../../src/tools/npm/command-line/options.ts";
import { requires } from "../../../requires.ts";

const asks: [line: string, asks: boolean][] = [
  ["install", true],
  ["i", true],
  ["--prefix . install", true],
  ["-s publish", true],
  ["--json=true view my-lib", true],
  ["installTest", true],
  ["up", true],
  ["pub", true],
  ["exec my-tool", true],
  ["x -p my-lib my-tool", true],
  ["init my-lib", true],
  ["pack my-lib", true],
  ["", false],
  ["--version", false],
  ["-v", false],
  ["install --help", false],
  ["run build", false],
  ["-s run build", false],
  ["--prefix . run build", false],
  ["--prefix=. run build", false],
  ["-C . run build", false],
  ["-w w test", false],
  ["-ws test", false],
  ["--workspace w test", false],
  ["--workspaces test", false],
  ["--if-present run build", false],
  ["--no-audit run build", false],
  ["--silent run build", false],
  ["--loglevel silent run build", false],
  ["-d run build", false],
  ["-sd run build", false],
  ["--foreground-scripts run build", false],
  ["--foreground-scripts true run build", false],
  ["--script-shell bash run build", false],
  ["--no-script-shell install run build", false],
  ["--color always test", false],
  ["--message -s test", false],
  ["--userconfig install run", false],
  ["--unknown run build", false],
  ["--unknown=install run build", false],
  ["--prefi install run build", false],
  ["-- run build", false],
  ["--- test", false],
  ["rum build", false],
  ["urn build", false],
  ["run-s build", false],
  ["runScript build", false],
  ["tes", false],
  ["t", false],
  ["tst", false],
  ["star", false],
  ["sto", false],
  ["rest", false],
  ["rb", false],
  ["rebu", false],
  ["explo my-lib", false],
  ["ls", false],
  ["c set registry x", false],
  ["init", false],
  ["init -y", false],
  ["pack", false],
  ["pack ./packages/a", false],
  ["no-such-command", false],
  ["insta", true],
];

test.each(asks)("npm %s gets a token: %p", (line, expected) => {
  const words = line.split(" ").filter((word) => word !== "");
  expect(readCommand("npm", words).every(({ asksRegistry }) => asksRegistry)).toBe(expected);
});

test.each([
  ["my-tool --flag", ["exec", "--", "my-tool", "--flag"]],
  ["-p my-lib my-tool", ["exec", "--package", "my-lib", "--", "my-tool"]],
  ["--package=my-lib -c run", ["exec", "--package=my-lib", "--call", "run"]],
  ["-y my-tool run", ["exec", "--yes", "--", "my-tool", "run"]],
  ["--no-install my-tool", ["exec", "--yes=false", "--", "my-tool"]],
  ["-- my-tool", ["exec", "--", "my-tool"]],
] as const)("npx %s is read as npm exec", (line, expected) => {
  expect(npxToNpm(line.split(" "), 12)).toEqual([...expected]);
});

const tools = join(import.meta.dir, "../../../../.tools");

/** What npm itself makes of a line. */
interface RealNpm {
  words(args: string[]): string[];
  deref(word: string): string | undefined;
}

function loadNpm(version: number): RealNpm {
  const npm = join(tools, `npm-${version}/node_modules/npm`);
  const config = join(npm, "node_modules/@npmcli/config/lib");
  const load = (path: string): any => require(path); // eslint-disable-line
  const nopt = load(join(npm, "node_modules/nopt"));
  const { definitions, shorthands: real } = load(join(config, "definitions/index.js"));
  nopt.typeDefs = load(join(config, "type-defs.js"));
  nopt.invalidHandler = nopt.unknownHandler = nopt.abbrevHandler = () => {};
  const types = Object.fromEntries(
    Object.entries(definitions as Record<string, { type: unknown }>).map(([name, { type }]) => [name, type]),
  );
  return {
    words: (args) => nopt(types, structuredClone(real), ["node", "npm", ...args]).argv.remain,
    deref: load(join(npm, "lib/utils/cmd-list.js")).deref,
  };
}

describe.each([...versions])("as npm %d itself, Vouch", (version) => {
  describe.skipIf(!requires(join(tools, `npm-${version}/node_modules/.bin/npm`)))("is installed", () => {
    test("finds the same words in any line", () => {
      const npm = loadNpm(version);
      const options = [...optionNames(version), "unknown"];
      const word = fc.constantFrom("run", "install", "x", "true", "false", "null", "always", "-", "--", "", "3", "a b");
      const name = fc.oneof(fc.constantFrom(...options), fc.constantFrom(...Object.keys(shorthands)));
      const option = fc
        .tuple(fc.constantFrom("-", "--"), name, fc.nat(30), fc.constantFrom("", "", "=v", "=true", "="))
        .map(([dashes, full, length, value]) => `${dashes}${length > 20 ? full.slice(0, length % 7) : full}${value}`);
      // What stands behind `--no-` of an option with a list of values is of no use to anybody, and not modelled.
      const flags = optionNames(version).filter((full) => kindOf(full, version) !== "value");
      const negated = fc.constantFrom(...flags, "unknown").map((full) => `--no-${full}`);
      const letters = fc
        .array(fc.constantFrom("s", "d", "w", "l", "g", "C", "m", "y"), { minLength: 1, maxLength: 3 })
        .map((list) => `-${list.join("")}`);
      const line = fc.array(fc.oneof(word, option, negated, letters), { maxLength: 6 });
      fc.assert(
        fc.property(line, (args) => {
          expect(parseNpm(args, version).words).toEqual(npm.words(args));
        }),
        { numRuns: 1000 },
      );
    });

    test("takes the same command for every word, its beginnings and camelCase", () => {
      const npm = loadNpm(version);
      const all = "abcdefghijklmnopqrstuvwxyz".split("");
      const typed = ["runScript", "installTest", "run-", "tes", "insta", "hlep", "u", "addUser", "sta", "star", "unst"];
      for (const word of [...typed, ...all, ...all.flatMap((a) => all.map((b) => a + b))]) {
        const real = npm.deref(word);
        expect([word, resolveCommand(word, version)]).toEqual([word, real === "run-script" ? "run" : real]);
      }
    });
  });
});
