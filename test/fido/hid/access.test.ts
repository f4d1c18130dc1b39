import { describe, expect, test } from "bun:test";
import { type AccessFacts, accessHint, udevRule } from "../../../src/fido/hid/access.ts";
import { documentedLines } from "../../docs/states.ts";

const info = { path: "/dev/hidraw0", product: "Software Security Key", vendorId: 0x1209, productId: 0xf1d0 };
/** Where the systems say that a key is: as hidapi lists it. */
const macPath = "DevSrvsID:4294969858";
const windowsPath = String.raw`\\?\HID#VID_1209&PID_F1D0#7&1a2b3c4d&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}`;
const facts: AccessFacts = { platform: "linux", uid: 1000, udev: "with fido_id" };

describe("a key that may not be opened has a hint for", () => {
  test.each<[string, Partial<AccessFacts>, string?]>([
    ["Linux, systemd 244 or later: not opened for this session (SSH, no desktop)", {}],
    ["Linux, an older systemd or a udev without `fido_id`", { udev: "without fido_id" }],
    ["Linux in a container, or without udev", { udev: "absent" }],
    ["macOS: not opened", { platform: "darwin" }, macPath],
    ["Windows: not opened", { platform: "win32" }, windowsPath],
  ])("%s", (state, changes, path = info.path) => {
    const said = [
      `error: Cannot open ${info.product} (${path}): permission denied.`,
      `hint: ${accessHint({ ...info, path }, { ...facts, ...changes })}`,
    ];
    expect(said).toEqual(documentedLines("security-keys.md", state));
  });
});

test("a udev rule for root, who has the right already, names no owner", () => {
  expect(udevRule(info, { ...facts, uid: 0 })).not.toContain("OWNER");
});

test("a udev rule names vendor and product with four lower-case hexadecimal digits, as sysfs does", () => {
  const rule = udevRule({ ...info, vendorId: 0x0a5c, productId: 0x1 }, { ...facts, udev: "without fido_id" });
  expect(rule).toContain('ATTRS{idVendor}=="0a5c", ATTRS{idProduct}=="0001"');
});
