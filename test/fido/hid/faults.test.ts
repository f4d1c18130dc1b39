/** A key that misbehaves, over a real connection: a typed error within the limit, and a key that can be used after. */
import { describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../../src/base/errors.ts";
import { openChannel } from "../../../src/fido/hid/channel.ts";
import type { Fault } from "../../authenticator/hid/faults.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import { RawClient } from "../../authenticator/hid/raw-client.ts";
import { transport } from "../../authenticator/transport.ts";
import { inFastTime } from "./fast-time.ts";
import { rejection } from "../../rejection.ts";

const GET_INFO = Uint8Array.of(0x04);
const OK = 0x00;
/** Long enough for an honest answer on a machine that has much to do. */
const patience = { timeoutMs: 5_000 };

const failure = (code: ErrorCode, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe("an answer", () => {
  test.each<[Fault, string, number?]>([
    ["mute", "did not answer in time", 100],
    ["endless keepalive", "did not answer in time", 100],
    ["flood", "did not answer in time", 100],
    ["other channel", "did not answer in time", 100],
    ["rest is missing", "did not answer in time", 100],
    ["other command", "answered with the command 1 instead of 16"],
    ["wrong sequence", "expected continuation packet 0, got 1"],
    ["packet twice", "expected continuation packet 1, got 0"],
    ["message inside", "expected continuation packet 0, got a new message (command 6)"],
    ["length too long", "expected a message of at most 7609 bytes, got 65535"],
    ["length of nothing", "sent an empty answer"],
    [0x01, 'reported "invalid command"'],
    [0x02, 'reported "invalid parameter"'],
    [0x03, 'reported "invalid message length"'],
    [0x04, 'reported "invalid message sequencing"'],
    [0x05, 'reported "message timed out"'],
    [0x0a, 'reported "command requires channel lock"'],
    [0x0b, 'reported "invalid channel"'],
    [0x7f, 'reported "other error"'],
    [0x00, 'reported "error 0"'],
    [0xff, 'reported "error 255"'],
  ])("with the fault %p is an error, and the key goes on", async (fault, message, timeoutMs = patience.timeoutMs) => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    plugged.key.settings.fault = { in: "CBOR", fault };
    const error = await inFastTime(() => rejection(device.exchange(GET_INFO, { timeoutMs })));
    expect(error).toEqual(failure("security_key_error", message));
    plugged.key.settings.fault = undefined;
    // Another program finds the key idle, and so does this one.
    const other = new RawClient(await plugged.connect());
    expect((await other.exchange(await other.allocate(), GET_INFO))[0]).toBe(OK);
    expect((await device.exchange(GET_INFO, patience))[0]).toBe(OK);
  });

  test.each<[Fault, string]>([
    ["mute", "Another program may be waiting for a touch on it"],
    ["endless keepalive", "Take the security key out"],
  ])("that does not come from a key with the fault %p has the hint that helps", async (fault, hint) => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    plugged.key.settings.fault = { in: "CBOR", fault };
    const { hint: said } = await inFastTime(() => rejection(device.exchange(GET_INFO, patience)));
    expect(said).toStartWith(hint);
  });

  test("that does not come is waited for as long as the channel was opened with, when nobody is needed for it", async () => {
    await using plugged = await plugIn();
    const device = await openChannel(await plugged.connect(), plugged.info, { answerTimeoutMs: 3_000 });
    plugged.key.settings.fault = { in: "CBOR", fault: "mute" };
    const { error, seconds } = await inFastTime(async () => {
      const begin = performance.now();
      return {
        error: await rejection(device.exchange(GET_INFO)),
        seconds: (performance.now() - begin) / 1000,
      };
    });
    expect(error).toEqual(failure("security_key_error", "did not answer in time"));
    // And the time that a key gets to end the command; the default is ten seconds.
    expect(seconds).toBeWithin(3, 6);
  });

  test("may have stray packets and those of other channels before it", async () => {
    await using plugged = await plugIn({ fault: { in: "CBOR", fault: "stray packets" } });
    expect((await (await plugged.open()).exchange(GET_INFO, patience))[0]).toBe(OK);
  });

  test("of a key that stays busy is waited for until the limit, which is said once", async () => {
    await using plugged = await plugIn();
    let told = 0;
    const connection = await plugged.connect();
    const device = await openChannel(connection, plugged.info, { onBusy: () => (told += 1) });
    plugged.key.settings.fault = { in: "CBOR", fault: 0x06 };
    const error = await inFastTime(() => rejection(device.exchange(GET_INFO, patience)));
    expect(error).toEqual(failure("security_key_busy", "is busy with another program."));
    expect(told).toBe(1);
    plugged.key.settings.fault = undefined;
    expect((await device.exchange(GET_INFO, patience))[0]).toBe(OK);
  });

  test("from a key that has given the channel to another program comes on a new one", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    plugged.key.forgetChannels();
    expect((await device.exchange(GET_INFO, patience))[0]).toBe(OK);
  });
});

describe("INIT", () => {
  test.each<[Fault, string]>([
    ["mute", "did not answer in time"],
    ["other channel", "did not answer in time"],
    ["other nonce", "did not answer in time"],
    ["other command", "did not answer in time"],
    ["short message", "did not answer in time"],
    ["length of nothing", "did not answer in time"],
    ["rest is missing", "did not answer in time"],
    ["wrong sequence", "expected continuation packet 0, got 1"],
    ["length too long", "expected a message of at most 7609 bytes, got 65535"],
    ["reserved channel", "gave the reserved channel 0"],
    [0x01, 'reported "invalid command"'],
    [0xff, 'reported "error 255"'],
  ])("with the fault %p is tried twice and is an error, and the key goes on", async (fault, message) => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault } });
    const connection = await transport.open(plugged.info);
    const error = await inFastTime(() => rejection(openChannel(connection, plugged.info, { timeoutMs: 100 })));
    expect(error).toEqual(failure("security_key_error", message));
    expect(plugged.key.initializations).toBe(2);
    plugged.key.settings.fault = undefined;
    expect((await (await plugged.open()).exchange(GET_INFO, patience))[0]).toBe(OK);
  });

  test("at a busy key is repeated until the limit, which is said once", async () => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault: 0x06 } });
    let told = 0;
    const connection = await transport.open(plugged.info);
    const error = await inFastTime(() =>
      rejection(openChannel(connection, plugged.info, { ...patience, onBusy: () => (told += 1) })),
    );
    expect(error).toEqual(failure("security_key_busy", "is busy with another program."));
    expect(told).toBe(1);
    expect(plugged.key.initializations).toBeGreaterThan(2);
  });

  test.each<Fault>(["mute", 0x06])("with the fault %p ends when it is called off", async (fault) => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault } });
    const controller = new AbortController();
    const opening = openChannel(await transport.open(plugged.info), plugged.info, { signal: controller.signal });
    while (plugged.key.initializations === 0) await Bun.sleep(5);
    controller.abort();
    expect(await rejection(opening)).toEqual(failure("cancelled", "Cancelled."));
  });
});

describe("a key that is pulled out", () => {
  test("ends the command at once", async () => {
    await using plugged = await plugIn({ touch: "withheld" });
    const device = await plugged.open();
    const exchange = device.exchange(Uint8Array.of(0x0b), { onKeepalive: () => plugged.key.powerCycle() });
    expect(await rejection(exchange)).toEqual(failure("security_key_removed", "was taken out."));
  });

  test("between two commands ends the next one at once", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    plugged.key.powerCycle();
    expect(await rejection(device.exchange(GET_INFO))).toEqual(failure("security_key_removed", "was taken out."));
  });
});
