import { expect, test } from "bun:test";
import { asksRegistry, readBunArguments } from "../../../src/tools/bun/arguments.ts";

test.each([
  ["bun install", true],
  ["bun --cwd run add x", true],
  ["bun -c other.toml i", true],
  ["bunx cowsay", true],
  ["bun x cowsay", true],
  ["bun run install", false],
  ["bun install.ts", false],
  ["bun test", false],
  ["bun", false],
  ["bun --preload install main.ts", false],
])("bun contacts a registry by `%s`: %p", (line, asks) => {
  const [name = "", ...args] = line.split(" ");
  expect(asksRegistry(name, args)).toBe(asks);
});

test("options are found with their values in every form", () => {
  const { options } = readBunArguments(["-ca.toml", "--config=b.toml", "-c", "c.toml", "--env-file", "x", "install"]);
  expect([...options]).toEqual([
    ["-c", ["a.toml", "c.toml"]],
    ["--config", ["b.toml"]],
    ["--env-file", ["x"]],
  ]);
});
