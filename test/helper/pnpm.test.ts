import { expect, test } from "bun:test";
import { asksRegistry } from "../../src/helper/pnpm.ts";

const table: [line: string, asks: boolean][] = [
  ["install", true],
  ["i --frozen-lockfile", true],
  ["add my-lib", true],
  ["publish --no-git-checks", true],
  ["-r publish", true],
  ["recursive install", true],
  ["m up", true],
  ["-C packages/a install", true],
  ["--dir=packages/a install", true],
  ["--filter @acme/app... install", true],
  ["--filter run add my-lib", true],
  ["-F app --reporter append-only update", true],
  ["--registry https://registry.example/ add my-lib", true],
  ["dlx create-app", true],
  ["whoami", true],
  ["pm install", true],
  ["with 10 install", true],
  ["", false],
  ["--version", false],
  ["run build", false],
  ["run install", false],
  ["-r run publish", false],
  ["--filter install build", false],
  ["-C install test", false],
  ["exec tsc", false],
  ["exec npm install", false],
  ["recursive exec install", false],
  ["test", false],
  ["t", false],
  ["start", false],
  ["build", false],
  ["rebuild", false],
  ["list", false],
  ["why my-lib", false],
  ["config set registry https://registry.example/", false],
  ["help install", false],
];

test.each(table)("pnpm %s: %p", (line, asks) => {
  expect(asksRegistry(line.split(" ").filter((word) => word !== ""))).toBe(asks);
});
