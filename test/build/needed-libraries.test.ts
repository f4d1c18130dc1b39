import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { neededLibraries, withoutNeededLibrary } from "../../build/needed-libraries.ts";
import { tempFolderUntil } from "../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

const prebuild = (target: string) =>
  new Uint8Array(
    readFileSync(join(import.meta.dir, `../../node_modules/node-hid/prebuilds/HID_hidraw-${target}/node-napi-v4.node`)),
  );

describe.each(["linux-x64", "linux-arm64"])("node-hid's binding for %s", (target) => {
  test("no longer asks for libusb, and asks for all the rest", () => {
    const before = neededLibraries(prebuild(target));
    expect(before).toContain("libusb-1.0.so.0");
    const after = withoutNeededLibrary(prebuild(target), "libusb-1.0.so.0");
    expect(neededLibraries(after)).toEqual(before.filter((name) => name !== "libusb-1.0.so.0"));
    expect(after.length).toBe(prebuild(target).length);
  });
});

test("removing a library that is not needed changes nothing", () => {
  expect(withoutNeededLibrary(prebuild("linux-x64"), "libother.so.1")).toEqual(prebuild("linux-x64"));
});

test("anything but a 64-bit ELF file is refused", () => {
  expect(() => neededLibraries(new Uint8Array(64))).toThrow("expected a little-endian 64-bit ELF file");
});

test.skipIf(process.platform !== "linux")("node-hid's binding loads without libusb", () => {
  const file = join(folder, "binding.node");
  writeFileSync(file, withoutNeededLibrary(prebuild(`linux-${process.arch}`), "libusb-1.0.so.0"));
  const script = `const binding = require(${JSON.stringify(file)}); console.log(typeof binding.devicesAsync)`;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script]);
  expect({ stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({ stdout: "function\n", stderr: "" });
});
