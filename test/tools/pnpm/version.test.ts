import { expect, test } from "bun:test";
import { fileOption, type RealPnpm, readsGlobalFile } from "../../../src/tools/pnpm/version.ts";

const pnpm = (version: string): RealPnpm => ({ major: Number.parseInt(version, 10), version });

test.each<[real: RealPnpm, named: string[], reads: boolean]>([
  [pnpm("9.15.9"), [], true],
  [pnpm("10.34.9"), ["npm@11"], true],
  [pnpm("10.34.9"), ["pnpm@10.34.9+sha512.abc"], true],
  [pnpm("10.34.9"), ["pnpm@^10.1.0"], true],
  [pnpm("10.34.9"), ["pnpm@10.1.0"], false],
  [pnpm("10.34.9"), ["pnpm@10.34.9", "pnpm@11.0.0"], false],
  [pnpm("8.15.0"), [], false],
  [pnpm("11.0.0"), [], false],
  ["corepack", ["pnpm@9.1.0"], true],
  ["corepack", ["pnpm@11.1.0"], false],
  ["corepack", [], false],
  [undefined, [], false],
])("%p in a project that names %p reads npm's global file at once: %p", (real, named, reads) => {
  expect(readsGlobalFile(real, named, {})).toBe(reads);
});

test("a variable by which corepack passes over the project's pnpm leaves it unknown", () => {
  expect(readsGlobalFile("corepack", ["pnpm@9.1.0"], { COREPACK_ENABLE_PROJECT_SPEC: "0" })).toBe(false);
});

test.each<[real: RealPnpm, named: string[], option: string | undefined]>([
  [pnpm("11.0.0"), [], "--config.npmrc-auth-file"],
  [pnpm("11.28.11"), ["pnpm@11.0.0"], "--config.npmrc-auth-file"],
  [pnpm("12.4.2"), [], "--npmrc-auth-file"],
  [pnpm("12.4.2"), ["pnpm@11.0.0"], undefined],
  [pnpm("13.0.0"), [], undefined],
  ["corepack", ["pnpm@12.1.0"], "--npmrc-auth-file"],
  ["corepack", [], undefined],
])("%p in a project that names %p takes another file by %p", (real, named, option) => {
  expect(fileOption(real, named)).toBe(option);
});
