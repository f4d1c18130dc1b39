import { expect, test } from "bun:test";
import { isStronger } from "../../../../src/tools/npm/guard/credentials.ts";

const addresses = ["host.example/npm/repo/"];

test.each([
  ["//host.example/npm/repo/:_authToken", true],
  ["//host.example/npm/repo:_authToken", true],
  ["//HOST.example/npm/repo/:_auth", true],
  ["//host.example:443/npm/repo/:_password", true],
  ["//host.example/npm/repo/my-lib/:username", true],
  ["//host.example/npm/repo/:tokenHelper", true],
  ["//host.example/npm/:_authToken", false],
  ["//host.example/npm/repo-2/:_authToken", false],
  ["//other.example/npm/repo/:_authToken", false],
  ["//host.example/npm/repo/:email", false],
  ["registry", false],
])("%s is taken before a token of less weight: %p", (key, expected) => {
  expect(isStronger(key, addresses)).toBe(expected);
});
