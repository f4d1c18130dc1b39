/** The transport over node-hid with a library that hangs, as it does with a device that hangs. */
import { expect, mock, test } from "bun:test";
import { EventEmitter } from "node:events";
import { inFastTime } from "./fast-time.ts";
import { rejection } from "../../rejection.ts";

const fido = { vendorId: 0x1050, productId: 0x407, usagePage: 0xf1d0, usage: 1, interface: 0, release: 1 };
const never = () => new Promise<never>(() => {});

let listed: unknown[] = [];
let opening = Promise.withResolvers<FakeDevice>();

class FakeDevice extends EventEmitter {
  written: Uint8Array[] = [];
  closes = 0;
  closing: () => Promise<void> = () => Promise.resolve();
  write = (report: Uint8Array) => Promise.resolve(this.written.push(report));
  close = () => {
    this.closes += 1;
    return this.closing();
  };
}

// It cannot be loaded in a test: pkg-prebuilds takes the global `jest` for another runner's.
await mock.module("node-hid", () => ({
  devicesAsync: () => (listed.length === 0 ? never() : Promise.resolve(listed)),
  HIDAsync: { open: () => opening.promise },
}));
const { transport } = await import("../../../src/fido/hid/node-hid.ts");

const info = { path: "/dev/hidraw0", product: "Test Key", vendorId: 0x1050, productId: 0x407 };

test("of all HID devices only authenticators are listed, each with a name", async () => {
  listed = [
    { ...fido, path: "/dev/hidraw0", product: "Test Key", serialNumber: "1" },
    { ...fido, path: "/dev/hidraw1", product: "" },
    { ...fido, path: "/dev/hidraw2", product: "Keyboard", usagePage: 1, usage: 6 },
    { ...fido, product: "without a path" },
  ];
  expect(await transport.list()).toEqual([
    { ...info, serialNumber: "1" },
    { ...info, path: "/dev/hidraw1", product: "Security key" },
  ]);
});

test("reports are written behind the report id 0, and errors of the reading thread are translated from their text", async () => {
  const device = new FakeDevice();
  opening = Promise.withResolvers();
  opening.resolve(device);
  const connection = await transport.open(info);
  await connection.write(Uint8Array.of(1, 2, 3));
  expect(device.written).toEqual([Buffer.of(0, 1, 2, 3)]);
  const errors: Error[] = [];
  connection.onError((error) => errors.push(error));
  device.emit("error", "could not read from HID device: hid_read_timeout: unexpected poll error (device disconnected)");
  expect(errors).toEqual([expect.objectContaining({ code: "security_key_removed" })]);
  device.closing = () => Promise.reject(new TypeError("device is already closed"));
  await connection.close();
});

test("every call of the library has a time limit, and a device that opens too late is closed", async () => {
  listed = [];
  const device = new FakeDevice();
  opening = Promise.withResolvers();
  const [finding, open] = await inFastTime(() =>
    Promise.all([rejection(transport.list()), rejection(transport.open(info))]),
  );
  expect(finding).toMatchObject({ code: "security_key_error", message: expect.stringContaining("within 5 s") });
  expect(open).toMatchObject({ code: "security_key_error", message: expect.stringContaining("within 5 s") });
  opening.resolve(device);
  await opening.promise;
  await Promise.resolve();
  expect(device.closes).toBe(1);
  const connection = await transport.open(info);
  device.closing = never;
  await inFastTime(() => connection.close());
  expect(device.closes).toBe(2);
});
