import { describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../../src/base/errors.ts";
import { hidError } from "../../../src/fido/hid/hid-error.ts";
import type { HidDeviceInfo } from "../../../src/fido/hid/transport.ts";

const info: HidDeviceInfo = { path: "/dev/hidraw0", product: "Test Key", vendorId: 0x1050, productId: 0x407 };

/** What node-hid 3.4 and hidapi 0.15 say, each taken from the system or composed as their sources do. */
describe("an error of hidapi becomes a code", () => {
  test.each<[string, string, ErrorCode]>([
    [
      "open",
      "cannot open device with path /dev/hidraw0: Failed to open a device with path '/dev/hidraw0': Permission denied",
      "security_key_permission",
    ],
    [
      "open",
      "cannot open device with path /dev/hidraw0: Failed to open a device with path '/dev/hidraw0': Operation not permitted",
      "security_key_permission",
    ],
    [
      "open",
      "cannot open device with path /dev/hidraw0: Failed to open a device with path '/dev/hidraw0': Device or resource busy",
      "security_key_busy",
    ],
    [
      "open",
      "cannot open device with path /dev/hidraw0: Failed to open a device with path '/dev/hidraw0': No such file or directory",
      "security_key_removed",
    ],
    [
      "open",
      "cannot open device with path /dev/hidraw0: ioctl(GRDESCSIZE) error for '/dev/hidraw0', not a HIDRAW device?: Inappropriate ioctl for device",
      "security_key_error",
    ],
    [
      "read from",
      "could not read from HID device: hid_read_timeout: unexpected poll error (device disconnected)",
      "security_key_removed",
    ],
    ["read from", "could not read from HID device: Input/output error", "security_key_removed"],
    ["write to", "Cannot write to hid device: No such device", "security_key_removed"],
    ["write to", "Cannot write to hid device: Cannot send after transport endpoint shutdown", "security_key_removed"],
    ["write to", "Cannot write to hid device: Protocol error", "security_key_removed"],
    ["write to", "Cannot write to hid device: Broken pipe", "security_key_error"],
    ["write to", "Cannot write to hid device: Connection timed out", "security_key_error"],
    [
      "open",
      "cannot open device with path DevSrvsID:1: hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002C5) (iokit/common) exclusive access and device already open",
      "security_key_busy",
    ],
    [
      "open",
      "cannot open device with path DevSrvsID:1: hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002E2) (iokit/common) not permitted",
      "security_key_permission",
    ],
    [
      "open",
      "cannot open device with path DevSrvsID:1: hid_open_path: failed to open IOHIDDevice from mach entry: (0xE00002C1) (iokit/common) privilege violation",
      "security_key_permission",
    ],
    [
      "open",
      "cannot open device with path DevSrvsID:1: hid_open_path: device mach entry not found with the given path",
      "security_key_removed",
    ],
    ["read from", "could not read from HID device: hid_read_timeout: device disconnected", "security_key_removed"],
    ["write to", "Cannot write to hid device: Device is disconnected", "security_key_removed"],
    ["write to", "Cannot write to hid device: WriteFile: (0x00000005) Zugriff verweigert", "security_key_permission"],
    [
      "open",
      "cannot open device with path X: open_device: (0x00000020) Der Prozess kann nicht zugreifen",
      "security_key_busy",
    ],
    [
      "read from",
      "could not read from HID device: hid_read_timeout/GetOverlappedResult: (0x0000048F) Das Ger?t ist nicht angeschlossen",
      "security_key_removed",
    ],
    ["write to", "Cannot write to hid device: hid_write/WaitForSingleObject: (0x00000102)", "security_key_error"],
  ])("on %s: %s", (what, reason, code) => {
    // node-hid emits the errors of its read thread as bare text.
    expect(hidError(what, info, reason).code).toBe(code);
    expect(hidError(what, info, new Error(reason))).toMatchObject({ code, hint: expect.any(String) });
  });
});

test("errors of hidapi name the key, the device and what the system said", () => {
  expect(hidError("open", info, new Error("x: Permission denied")).message).toBe(
    "Cannot open Test Key (/dev/hidraw0): permission denied.",
  );
  expect(hidError("write to", info, new Error("Broken pipe")).message).toBe(
    "Cannot write to Test Key (/dev/hidraw0): Broken pipe.",
  );
  expect(hidError("read from", info, "No such device").message).toBe("Test Key was taken out.");
  expect(hidError("find security keys", undefined, new Error("hidapi not initialized")).message).toBe(
    "Cannot find security keys: hidapi not initialized.",
  );
});

test("a library that does not load is reported with what is missing", () => {
  const error = Object.assign(new Error("libudev.so.1: cannot open shared object file: No such file or directory"), {
    code: "ERR_DLOPEN_FAILED",
  });
  expect(hidError("find security keys", undefined, error)).toMatchObject({
    code: "security_key_error",
    message:
      "The library for security keys did not load: libudev.so.1: cannot open shared object file: No such file or directory.",
    hint: "Install libudev (Debian, Ubuntu: `apt install libudev1`; Alpine: `apk add eudev-libs`).",
  });
});
