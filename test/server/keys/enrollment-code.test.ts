import { expect, test } from "bun:test";
import { makeEnrollmentCode, normalizeEnrollmentCode } from "../../../src/server/keys/enrollment-code.ts";

test("an enrolment code has 80 bits in four groups of unmistakable characters, and no two are alike", () => {
  const codes = Array.from({ length: 500 }, makeEnrollmentCode);
  for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  expect(new Set(codes).size).toBe(codes.length);
  // Every character of the alphabet turns up: the 5 bits of each are all used.
  expect(new Set(codes.join("").replaceAll("-", "")).size).toBe(32);
});

test.each([
  ["7H2K-9QXM-3TVB-E5ZN", "7H2K-9QXM-3TVB-E5ZN"],
  [" 7h2k9qxm 3tvbe5zn\n", "7H2K-9QXM-3TVB-E5ZN"],
  ["OoIi-Ll00-0000-0000", "0011-1100-0000-0000"],
  ["", ""],
])("the enrolment code %p is read as %p", (typed, code) => {
  expect(normalizeEnrollmentCode(typed)).toBe(code);
});
