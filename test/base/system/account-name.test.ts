import { expect, test } from "bun:test";
import { accountName } from "../../../src/base/system/account-name.ts";

test("names the account of a user id", () => {
  expect(accountName(0)).toBe("root");
});

test("has no name for a user id that the system does not list", () => {
  expect(accountName(4_000_000_123)).toBeUndefined();
});
