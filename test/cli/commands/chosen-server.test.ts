import { expect, test } from "bun:test";
import { atProfile } from "../../../src/cli/commands/chosen-server.ts";

test.each([
  ["Run `vouch login`.", "Run `vouch login --for acme`."],
  ["Run `vouch enroll --server URL`.", "Run `vouch enroll --for acme`."],
  ["See `vouch keys list`, `vouch keys clean`.", "See `vouch keys list --for acme`, `vouch keys clean --for acme`."],
  // They are about the key in the port, whatever server knows it.
  ["Run `vouch keys reset` or `vouch keys pin`.", "Run `vouch keys reset` or `vouch keys pin`."],
  ["`vouch keys info` shows it.", "`vouch keys info` shows it."],
  ["Run `vouch doctor`.", "Run `vouch doctor`."],
])("a hint for a profile names it where the command takes one: %s", (text, expected) => {
  expect(atProfile(text, "acme")).toBe(expected);
  expect(atProfile(text, undefined)).toBe(text);
});
