import { expect, test } from "bun:test";
import { Inbox } from "../../../src/fido/hid/inbox.ts";
import type { HidConnection } from "../../../src/fido/hid/transport.ts";

/** A connection whose reports and errors come when the test says so. */
class Wire implements HidConnection {
  receive: (report: Uint8Array) => void = () => {};
  fail: (error: Error) => void = () => {};
  onReport = (receive: (report: Uint8Array) => void): void => void (this.receive = receive);
  onError = (receive: (error: Error) => void): void => void (this.fail = receive);
  write = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();
}

const soon = (): number => performance.now() + 20_000;
const messageOf = (waiting: Promise<unknown>) => waiting.catch((error: Error) => error.message);
const report = (number: number): Uint8Array => Uint8Array.of(number & 0xff, number >> 8);

test("reports are received in order, and only while they are collected", async () => {
  const wire = new Wire();
  const inbox = new Inbox(wire);
  wire.receive(report(1));
  inbox.start();
  wire.receive(report(2));
  expect(await inbox.next(soon())).toEqual(report(2));
  const waiting = inbox.next(soon());
  wire.receive(report(3));
  expect(await waiting).toEqual(report(3));
  wire.receive(report(4));
  inbox.stop();
  inbox.start();
  expect(await inbox.next(performance.now() + 1)).toBe("deadline");
});

test("a buffer that the transport reuses does not change what was received", async () => {
  const wire = new Wire();
  const inbox = new Inbox(wire);
  inbox.start();
  const buffer = report(1);
  wire.receive(buffer);
  buffer.fill(9);
  expect(await inbox.next(soon())).toEqual(report(1));
});

test("the last 4096 reports of a flood are kept", async () => {
  const wire = new Wire();
  const inbox = new Inbox(wire);
  inbox.start();
  for (let number = 0; number < 5000; number += 1) wire.receive(report(number));
  expect(await inbox.next(soon())).toEqual(report(5000 - 4096));
});

test("an error of the connection comes after the reports before it, and again for whoever asks again", async () => {
  const wire = new Wire();
  const inbox = new Inbox(wire);
  inbox.start();
  wire.receive(report(1));
  wire.fail(new Error("gone"));
  wire.fail(new Error("another"));
  expect(await inbox.next(soon())).toEqual(report(1));
  expect(await messageOf(inbox.next(soon()))).toBe("gone");
  inbox.start();
  expect(await messageOf(inbox.next(soon()))).toBe("gone");
});

test("an error of the connection and an abort end a wait at once", async () => {
  const wire = new Wire();
  const inbox = new Inbox(wire);
  inbox.start();
  const controller = new AbortController();
  const aborted = inbox.next(soon(), controller.signal);
  controller.abort();
  expect(await aborted).toBe("aborted");
  const failed = inbox.next(soon());
  wire.fail(new Error("gone"));
  expect(await messageOf(failed)).toBe("gone");
});
