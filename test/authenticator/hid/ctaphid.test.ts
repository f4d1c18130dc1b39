import { describe, expect, test } from "bun:test";
import { BROADCAST_CHANNEL, CTAPHID, fragment, maxMessageBytes } from "../../../src/fido/hid/framing.ts";
import { plugIn } from "../plugged-in.ts";
import { RawClient } from "./raw-client.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);
const SELECTION = Uint8Array.of(0x0b);
const error = (code: number) => ({ command: CTAPHID.ERROR, payload: Uint8Array.of(code) });

test("INIT answers with the nonce, a new channel, the version and the capabilities", async () => {
  await using plugged = await plugIn();
  const client = new RawClient(await plugged.connect());
  await client.send(BROADCAST_CHANNEL, CTAPHID.INIT, bytes(8));
  const { payload } = await client.receive(BROADCAST_CHANNEL);
  expect(payload.subarray(0, 8)).toEqual(bytes(8));
  expect(payload.length).toBe(17);
  expect(payload[12]).toBe(2);
  expect(payload[16]).toBe(0x0d);
  expect(await client.allocate()).not.toBe(await client.allocate());
});

test.each([0, 57, 58, 1024, maxMessageBytes])("PING echoes %i bytes", async (length) => {
  await using plugged = await plugIn();
  const client = new RawClient(await plugged.connect());
  const channel = await client.allocate();
  await client.send(channel, CTAPHID.PING, bytes(length));
  expect(await client.receive(channel)).toEqual({ command: CTAPHID.PING, payload: bytes(length) });
});

test("WINK answers with nothing", async () => {
  await using plugged = await plugIn();
  const client = new RawClient(await plugged.connect());
  const channel = await client.allocate();
  await client.send(channel, CTAPHID.WINK);
  expect(await client.receive(channel)).toEqual({ command: CTAPHID.WINK, payload: bytes(0) });
});

describe("the software key answers with CTAPHID_ERROR", () => {
  const [first, second, third] = fragment(1, CTAPHID.PING, bytes(200)) as [Uint8Array, Uint8Array, Uint8Array];
  const on = (channel: number, report: Uint8Array) => {
    const moved = report.slice();
    new DataView(moved.buffer).setUint32(0, channel);
    return moved;
  };
  const tooLong = first.slice();
  tooLong.set([0x1d, 0xba], 5);

  test.each<[string, Uint8Array[], number]>([
    ["INVALID_CMD: an unknown command", fragment(1, 0x20, bytes(0)), 0x01],
    ["INVALID_CMD: U2F's MSG", fragment(1, CTAPHID.MSG, bytes(4)), 0x01],
    ["INVALID_LEN: an empty CBOR message", fragment(1, CTAPHID.CBOR, bytes(0)), 0x03],
    ["INVALID_LEN: WINK with a payload", fragment(1, CTAPHID.WINK, bytes(1)), 0x03],
    ["INVALID_LEN: INIT with a short nonce", fragment(1, CTAPHID.INIT, bytes(7)), 0x03],
    ["INVALID_LEN: 7610 bytes", [tooLong], 0x03],
    ["INVALID_SEQ: a packet is left out", [first, third], 0x04],
    ["INVALID_SEQ: a packet comes twice", [first, second, second], 0x04],
    ["INVALID_SEQ: a message inside a message", [first, first], 0x04],
    ["MSG_TIMEOUT: the rest does not come", [first], 0x05],
  ])("%s", async (_, reports, code) => {
    await using plugged = await plugIn();
    const client = new RawClient(await plugged.connect());
    const channel = await client.allocate();
    for (const report of reports) await client.sendReport(on(channel, report));
    expect(await client.receive(channel)).toEqual(error(code));
    await client.send(channel, CTAPHID.PING, bytes(3));
    expect((await client.receive(channel)).command).toBe(CTAPHID.PING);
  });

  test.each([0, 0x7777, BROADCAST_CHANNEL])("INVALID_CHANNEL to PING on channel %i", async (channel) => {
    await using plugged = await plugIn();
    const client = new RawClient(await plugged.connect());
    await client.send(channel, CTAPHID.PING, bytes(1));
    expect(await client.receive(channel)).toEqual(error(0x0b));
  });

  test("but not to a continuation packet that continues nothing", async () => {
    await using plugged = await plugIn();
    const client = new RawClient(await plugged.connect());
    const channel = await client.allocate();
    await client.sendReport(on(channel, second));
    await client.send(channel, CTAPHID.PING, bytes(1));
    expect((await client.receive(channel)).command).toBe(CTAPHID.PING);
  });
});

describe("while the key waits for a touch", () => {
  async function waiting() {
    const plugged = await plugIn({ touch: "withheld" });
    const client = new RawClient(await plugged.connect());
    const channel = await client.allocate();
    const otherChannel = await client.allocate();
    await client.send(channel, CTAPHID.CBOR, SELECTION);
    expect(await client.receiveKeepalive(channel)).toBe(2);
    return { plugged, client, channel, otherChannel };
  }

  test("keepalives are sent until the touch ends it", async () => {
    const { plugged, client, channel } = await waiting();
    await using _ = plugged;
    expect([await client.receiveKeepalive(channel), await client.receiveKeepalive(channel)]).toEqual([2, 2]);
    plugged.key.ctap2.touch.press();
    expect(await client.receive(channel)).toEqual({ command: CTAPHID.CBOR, payload: Uint8Array.of(0) });
  });

  test("CANCEL ends it with KEEPALIVE_CANCEL, and only on its own channel", async () => {
    const { plugged, client, channel, otherChannel } = await waiting();
    await using _ = plugged;
    await client.send(otherChannel, CTAPHID.CANCEL);
    expect(await client.receiveKeepalive(channel)).toBe(2);
    await client.send(channel, CTAPHID.CANCEL);
    expect(await client.receive(channel)).toEqual({ command: CTAPHID.CBOR, payload: Uint8Array.of(0x2d) });
  });

  test("other channels are told that the key is busy", async () => {
    const { plugged, client, channel, otherChannel } = await waiting();
    await using _ = plugged;
    await client.send(otherChannel, CTAPHID.PING, bytes(1));
    expect(await client.receive(otherChannel)).toEqual(error(0x06));
    await client.send(BROADCAST_CHANNEL, CTAPHID.INIT, bytes(8));
    expect(await client.receive(BROADCAST_CHANNEL)).toEqual(error(0x06));
    expect(await client.receiveKeepalive(channel)).toBe(2);
  });

  test("INIT on the waiting channel ends the wait without an answer", async () => {
    const { plugged, client, channel } = await waiting();
    await using _ = plugged;
    await client.send(channel, CTAPHID.INIT, bytes(8));
    const { command, payload } = await client.receive(channel);
    expect(command).toBe(CTAPHID.INIT);
    expect(Buffer.from(payload).readUInt32BE(8)).toBe(channel);
    await client.send(channel, CTAPHID.PING, bytes(1));
    expect((await client.receive(channel)).command).toBe(CTAPHID.PING);
    expect(plugged.key.ctap2.touch.isAwaited).toBe(false);
  });
});

test("every client sees every report", async () => {
  await using plugged = await plugIn();
  const [first, second] = [new RawClient(await plugged.connect()), new RawClient(await plugged.connect())];
  await first.send(BROADCAST_CHANNEL, CTAPHID.INIT, bytes(8));
  expect((await second.receiveReport()).subarray(7, 15)).toEqual(bytes(8));
});

test("a power cycle frees every channel", async () => {
  await using plugged = await plugIn();
  const channel = await new RawClient(await plugged.connect()).allocate();
  plugged.key.powerCycle();
  const client = new RawClient(await plugged.connect());
  await client.send(channel, CTAPHID.PING, bytes(1));
  expect(await client.receive(channel)).toEqual(error(0x0b));
});
