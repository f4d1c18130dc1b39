/** Whether a key is still the one that logged in, with links as the kernel makes them. */
import { beforeEach, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pluggedIn } from "../../../src/agent/end-on/plugged-in.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const noKeys = () => Promise.resolve([]);

let sys: string;
beforeEach(() => {
  sys = join(tempFolderUntil(onTestFinished), "hidraw");
  mkdirSync(sys);
});

/** The kernel's link of a device; `count` is how many devices there were before. */
function plugIn(name: string, count: number): void {
  const device = `0003:1050:0407.${count.toString(16).padStart(4, "0").toUpperCase()}`;
  symlinkSync(`../../devices/pci0000:00/usb1/1-1/1-1:1.0/${device}/hidraw/${name}`, join(sys, name));
}

test("a device is there until its link is gone", async () => {
  plugIn("hidraw0", 1);
  plugIn("hidraw1", 2);
  const isPluggedIn = pluggedIn("/dev/hidraw0", noKeys, sys);
  expect(await isPluggedIn()).toBe(true);
  unlinkSync(join(sys, "hidraw1"));
  expect(await isPluggedIn()).toBe(true);
  unlinkSync(join(sys, "hidraw0"));
  expect(await isPluggedIn()).toBe(false);
});

test("a device that was plugged in again under the same name is another one", async () => {
  plugIn("hidraw0", 1);
  const isPluggedIn = pluggedIn("/dev/hidraw0", noKeys, sys);
  unlinkSync(join(sys, "hidraw0"));
  plugIn("hidraw0", 2);
  expect(await isPluggedIn()).toBe(false);
});

test("a device that was taken out before the session began is gone", async () => {
  expect(await pluggedIn("/dev/hidraw0", noKeys, sys)()).toBe(false);
});

test("a device is never judged by its file, which stays in a container when the key goes", async () => {
  rmSync(sys, { recursive: true });
  // A name that is there everywhere stands for the device's file.
  const isPluggedIn = pluggedIn("/dev/hidraw0", noKeys, sys);
  expect(isPluggedIn()).rejects.toThrow(`${sys} is missing`);
  mkdirSync(sys);
  plugIn("hidraw0", 1);
  expect(isPluggedIn()).rejects.toThrow("the key could not be seen when the session began");
});

test("where devices can no longer be seen, the key is not taken for gone", async () => {
  plugIn("hidraw0", 1);
  const isPluggedIn = pluggedIn("/dev/hidraw0", noKeys, sys);
  rmSync(sys, { recursive: true });
  expect(isPluggedIn()).rejects.toThrow(`${sys} is missing`);
});

test("a socket that stands for a key is judged by its file", async () => {
  const path = join(sys, "key.sock");
  writeFileSync(path, "");
  const isPluggedIn = pluggedIn(path, noKeys, "/nonexistent");
  expect(await isPluggedIn()).toBe(true);
  unlinkSync(path);
  expect(await isPluggedIn()).toBe(false);
});
