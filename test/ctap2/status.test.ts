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
  [0x34, "pin_auth_blocked", "no more PINs after three"],
  [0x35, "pin_not_set", "has no PIN"],
  [0x37, "pin_policy", "by its own rules"],
  [0x36, "user_verification_failed", "could not verify"],
  [0x3c, "user_verification_failed", "sensor is blocked"],
  [0x3f, "user_verification_failed", "was not recognised"],
  [0x03, "security_key_unsupported", "larger than this"],
  [0x15, "security_key_unsupported", "larger than this"],
  [0x39, "security_key_unsupported", "larger than this"],
  [0x06, "security_key_busy", "is busy"],
  [0x0a, "security_key_busy", "is busy"],
  [0x23, "security_key_busy", "is busy"],
  [0x24, "security_key_busy", "is busy"],
  [0x30, "security_key_error", "does not allow"],
  [0x33, "user_verification_failed", "no longer accepts"],
  [0x38, "user_verification_failed", "no longer accepts"],
  [0x3b, "touch_timeout", "not touched"],
  [0x3d, "security_key_error", "memory damaged"],
  [0x40, "security_key_unsupported", "does not let its PIN"],
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
