import { describe, expect, test } from "bun:test";
import { type AccessFacts, accessHint, udevRule } from "../../../src/fido/hid/access.ts";
import { documentedLines } from "../../docs/states.ts";

const info = { path: "/dev/hidraw0", product: "Software Security Key", vendorId: 0x1209, productId: 0xf1d0 };
const facts: AccessFacts = { platform: "linux", uid: 1000, udev: "with fido_id" };

describe("a key that may not be opened", () => {
  test.each<[string, Partial<AccessFacts>]>([
    ["Linux, systemd 244 or later: not opened for this session (SSH, no desktop)", {}],
    ["Linux, an older systemd or a udev without `fido_id`", { udev: "without fido_id" }],
    ["Linux in a container, or without udev", { udev: "absent" }],
    ["macOS: not opened", { platform: "darwin" }],
    ["Windows: not opened", { platform: "win32" }],
  ])("%s", (state, changes) => {
    const said = [
      `error: Cannot open ${info.product} (${info.path}): permission denied.`,
      `hint: ${accessHint(info, { ...facts, ...changes })}`,
    ];
    expect(said).toEqual(documentedLines("security-keys.md", state));
  });
});

test("a rule for root, who has the right already, names no owner", () => {
  expect(udevRule(info, { ...facts, uid: 0 })).not.toContain("OWNER");
});

test("a rule names vendor and product with four lower-case hexadecimal digits, as sysfs does", () => {
  const rule = udevRule({ ...info, vendorId: 0x0a5c, productId: 0x1 }, { ...facts, udev: "without fido_id" });
  expect(rule).toContain('ATTRS{idVendor}=="0a5c", ATTRS{idProduct}=="0001"');
});
