import { expect, test } from "bun:test";
import { CtapError, isCtapError } from "../../src/ctap2/status.ts";
import type { ErrorCode } from "../../src/errors.ts";

test.each<[number, ErrorCode, string]>([
  [0x19, "credential_excluded", "already enrolled"],
  [0x26, "security_key_unsupported", "algorithms"],
  [0x27, "user_verification_failed", "declined"],
  [0x28, "security_key_full", "no room"],
  [0x2b, "security_key_unsupported", "does not support"],
  [0x2d, "cancelled", "Cancelled"],
  [0x2e, "no_credential", "no credential"],
  [0x2f, "touch_timeout", "not touched"],
  [0x3a, "touch_timeout", "not touched"],
  [0x31, "pin_invalid", "Wrong PIN"],
  [0x32, "pin_blocked", "blocked"],
  [0x34, "pin_auth_blocked", "no more PINs for now"],
  [0x35, "pin_not_set", "has no PIN"],
  [0x37, "pin_policy", "demands another PIN"],
  [0x36, "user_verification_failed", "could not verify"],
  [0x3c, "user_verification_failed", "could not verify"],
  [0x3f, "user_verification_failed", "could not verify"],
  [0x12, "security_key_error", "INVALID_CBOR (0x12)"],
  [0x7f, "security_key_error", "OTHER (0x7f)"],
  [0xdf, "security_key_error", "unknown status (0xdf)"],
  [0xf2, "security_key_error", "unknown status (0xf2)"],
])("status 0x%s is %s", (byte, code, message) => {
  expect(new CtapError(byte)).toMatchObject({ code, message: expect.stringContaining(message) });
});

test("an error is known by its status", () => {
  expect(isCtapError(new CtapError(0x31), "PIN_BLOCKED", "PIN_INVALID")).toBe(true);
  expect(isCtapError(new CtapError(0x31), "PIN_BLOCKED")).toBe(false);
  expect(isCtapError(new CtapError(0xf2))).toBe(false);
  expect(isCtapError(new Error("PIN_INVALID"), "PIN_INVALID")).toBe(false);
  expect(new CtapError("PIN_NOT_SET").status).toBe("PIN_NOT_SET");
});
