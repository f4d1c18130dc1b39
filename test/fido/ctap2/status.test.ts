import { expect, test } from "bun:test";
import { CtapError, isCtapError } from "../../../src/fido/ctap2/status.ts";
import type { ErrorCode } from "../../../src/base/errors.ts";

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
])("the CTAP status 0x%s becomes the error %s", (byte, code, message) => {
  expect(new CtapError(byte)).toMatchObject({ code, message: expect.stringContaining(message) });
});

test("an error of a key is recognised by its CTAP status", () => {
  expect(isCtapError(new CtapError(0x31), "PIN_BLOCKED", "PIN_INVALID")).toBe(true);
  expect(isCtapError(new CtapError(0x31), "PIN_BLOCKED")).toBe(false);
  expect(isCtapError(new CtapError(0xf2))).toBe(false);
  expect(isCtapError(new Error("PIN_INVALID"), "PIN_INVALID")).toBe(false);
  expect(new CtapError("PIN_NOT_SET").status).toBe("PIN_NOT_SET");
});

/** CTAP 2.1, section 8.2 "Status codes": written down here from the specification, not from the source. */
const specification = `0x01 INVALID_COMMAND 0x02 INVALID_PARAMETER 0x03 INVALID_LENGTH 0x04 INVALID_SEQ 0x05 TIMEOUT
  0x06 CHANNEL_BUSY 0x0a LOCK_REQUIRED 0x0b INVALID_CHANNEL 0x11 CBOR_UNEXPECTED_TYPE 0x12 INVALID_CBOR
  0x14 MISSING_PARAMETER 0x15 LIMIT_EXCEEDED 0x17 FP_DATABASE_FULL 0x18 LARGE_BLOB_STORAGE_FULL 0x19 CREDENTIAL_EXCLUDED
  0x21 PROCESSING 0x22 INVALID_CREDENTIAL 0x23 USER_ACTION_PENDING 0x24 OPERATION_PENDING 0x25 NO_OPERATIONS
  0x26 UNSUPPORTED_ALGORITHM 0x27 OPERATION_DENIED 0x28 KEY_STORE_FULL 0x2b UNSUPPORTED_OPTION 0x2c INVALID_OPTION
  0x2d KEEPALIVE_CANCEL 0x2e NO_CREDENTIALS 0x2f USER_ACTION_TIMEOUT 0x30 NOT_ALLOWED 0x31 PIN_INVALID 0x32 PIN_BLOCKED
  0x33 PIN_AUTH_INVALID 0x34 PIN_AUTH_BLOCKED 0x35 PIN_NOT_SET 0x36 PUAT_REQUIRED 0x37 PIN_POLICY_VIOLATION
  0x38 PIN_TOKEN_EXPIRED 0x39 REQUEST_TOO_LARGE 0x3a ACTION_TIMEOUT 0x3b UP_REQUIRED 0x3c UV_BLOCKED
  0x3d INTEGRITY_FAILURE 0x3e INVALID_SUBCOMMAND 0x3f UV_INVALID 0x40 UNAUTHORIZED_PERMISSION 0x7f OTHER`;

test.each([...specification.matchAll(/0x(..) (\w+)/g)].map(([, hex, name]) => [Number.parseInt(hex!, 16), name!]))(
  "the CTAP status 0x%s has the specification's name %s",
  (byte, name) => {
    expect(new CtapError(byte).status).toBe(name as NonNullable<CtapError["status"]>);
  },
);
