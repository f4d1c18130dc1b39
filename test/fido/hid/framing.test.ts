import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { VouchError } from "../../../src/base/errors.ts";
import { CTAPHID, fragment, maxMessageBytes, parsePacket, Reassembler } from "../../../src/fido/hid/framing.ts";

const CHANNEL = 0x01020304;
const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

function reassemble(reassembler: Reassembler, reports: Uint8Array[]) {
  return reports.map((report) => reassembler.push(report)).filter((message) => message !== undefined);
}

describe("fragmenting a message", () => {
  test.each([
    [0, 1],
    [1, 1],
    [57, 1],
    [58, 2],
    [57 + 59, 2],
    [57 + 59 + 1, 3],
    [maxMessageBytes, 129],
  ])("of %i bytes gives %i reports", (length, count) => {
    const reports = fragment(CHANNEL, CTAPHID.CBOR, bytes(length));
    expect(reports.length).toBe(count);
    expect(reassemble(new Reassembler(CHANNEL), reports)).toEqual([{ command: CTAPHID.CBOR, payload: bytes(length) }]);
  });

  test("gives the bytes of the specification", () => {
    const [first, second] = fragment(CHANNEL, CTAPHID.CBOR, new Uint8Array(60).fill(0xaa));
    expect(first?.toHex()).toBe(`0102030490003c${"aa".repeat(57)}`);
    expect(second?.toHex()).toBe(`0102030400aaaaaa${"00".repeat(56)}`);
  });

  test("of 7610 bytes is refused", () => {
    expect(() => fragment(CHANNEL, CTAPHID.CBOR, bytes(maxMessageBytes + 1))).toThrow("at most 7609 bytes, got 7610");
  });
});

describe("the reassembler refuses", () => {
  const [first, second, third] = fragment(CHANNEL, CTAPHID.CBOR, bytes(150)) as [Uint8Array, Uint8Array, Uint8Array];
  const lying = fragment(CHANNEL, CTAPHID.CBOR, bytes(10))[0] as Uint8Array;
  lying.set([0x1d, 0xba], 5);

  test.each<[string, Uint8Array[], string]>([
    ["a packet that is left out", [first, third], "expected continuation packet 0, got 1"],
    ["a packet that comes twice", [first, second, second], "expected continuation packet 1, got 0"],
    ["a message inside a message", [first, first], "expected continuation packet 0, got a new message (command 16)"],
    ["a length beyond the protocol's", [lying], "expected a message of at most 7609 bytes, got 7610"],
    ["a short report", [first.subarray(1)], "expected a report of 64 bytes, got 63"],
  ])("%s", (_, reports, message) => {
    const reassembler = new Reassembler(CHANNEL);
    expect(() => reassemble(reassembler, reports)).toThrow(
      expect.objectContaining({ code: "security_key_error", message: expect.stringContaining(message) }),
    );
  });

  test("no message because an error of the key comes in between", () => {
    const [error] = fragment(CHANNEL, CTAPHID.ERROR, Uint8Array.of(4)) as [Uint8Array];
    expect(reassemble(new Reassembler(CHANNEL), [first, error])).toEqual([
      { command: CTAPHID.ERROR, payload: Uint8Array.of(4) },
    ]);
  });

  test("no message because a continuation packet is left over from an earlier one", () => {
    const whole = fragment(CHANNEL, CTAPHID.PING, bytes(3));
    expect(reassemble(new Reassembler(CHANNEL), [second, ...whole])).toHaveLength(1);
  });
});

test("the padding is not part of the payload, whatever its bytes", () => {
  const [report] = fragment(CHANNEL, CTAPHID.PING, bytes(5)) as [Uint8Array];
  report.fill(0xff, 12);
  expect(new Reassembler(CHANNEL).push(report)?.payload).toEqual(bytes(5));
});

const channelId = fc.integer({ min: 1, max: 0xfffffffe });
const command = fc.integer({ min: 0, max: 0x7f });
const message = fc.uint8Array({ maxLength: 600 });

test("any message is reassembled, mixed with the packets of another channel", () => {
  fc.assert(
    fc.property(channelId, channelId, command, message, message, (ours, other, code, payload, foreign) => {
      fc.pre(ours !== other);
      const mine = fragment(ours, code, payload);
      const theirs = fragment(other, code, foreign);
      const mixed = Array.from({ length: Math.max(mine.length, theirs.length) }, (_, index) => [
        ...theirs.slice(index, index + 1),
        ...mine.slice(index, index + 1),
      ]).flat();
      expect(reassemble(new Reassembler(ours), mixed)).toEqual([{ command: code, payload }]);
    }),
  );
});

test("a packet is read as it was written", () => {
  fc.assert(
    fc.property(channelId, command, message, (channel, code, payload) => {
      const [first, ...rest] = fragment(channel, code, payload).map(parsePacket);
      expect(first).toMatchObject({ kind: "initialization", channel, command: code, length: payload.length });
      expect(rest.every((packet) => packet.kind === "continuation" && packet.channel === channel)).toBe(true);
    }),
  );
});

test("any reports give a message, nothing, or a VouchError", () => {
  const reports = fc.array(
    fc.uint8Array({ minLength: 60, maxLength: 64 }).map((tail) => Uint8Array.of(0, 0, 0, 1, ...tail).slice(0, 64)),
  );
  fc.assert(
    fc.property(reports, (sent) => {
      const reassembler = new Reassembler(1);
      try {
        for (const { payload } of reassemble(reassembler, sent)) expect(payload.length).toBeLessThanOrEqual(7609);
      } catch (error) {
        expect(error).toBeInstanceOf(VouchError);
      }
    }),
  );
});
