import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { changePIN, hashPin, pinFault, setPIN } from "../../../src/fido/ctap2/pin.ts";
import type { PinProtocol } from "../../../src/fido/ctap2/pin-protocol.ts";
import { getPinToken } from "../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { Secret } from "../../../src/base/secret.ts";
import { plugIn } from "../../authenticator/plugged-in.ts";
import { rejection } from "../../rejection.ts";

const secret = (pin: string) => new Secret(pin);

test.each([
  ["12345678", undefined],
  ["1234567", { kind: "too_short", length: 7, minLength: 8 }],
  ["", { kind: "too_short", length: 0, minLength: 8 }],
  ["🔑".repeat(8), undefined],
  ["e\u0301".repeat(7), { kind: "too_short", length: 7, minLength: 8 }],
  ["1".repeat(63), undefined],
  ["1".repeat(64), { kind: "too_long", size: 64, maxSize: 63 }],
  ["é".repeat(32), { kind: "too_long", size: 64, maxSize: 63 }],
  ["1234567\u0000", { kind: "control_character" }],
  ["1234567\u007f", { kind: "control_character" }],
] as const)("a new PIN %p is checked against the rules before the key is asked", (pin, fault) => {
  expect(pinFault(secret(pin), 8)).toEqual(fault);
});

describe.each<[PinProtocol]>([[1], [2]])("in protocol %i", (protocol) => {
  test("every valid PIN can be set and is the PIN afterwards, however its accents are written", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    const pins = fc
      .string({ unit: "grapheme", minLength: 4, maxLength: 40 })
      .filter((pin) => pinFault(secret(pin), 4) === undefined);
    let present: string | undefined;
    await fc.assert(
      fc.asyncProperty(pins, async (pin) => {
        if (present === undefined) await setPIN(device, protocol, secret(pin));
        else await changePIN(device, protocol, hashPin(secret(present), 4), secret(pin));
        present = pin;
        (await getPinToken(device, protocol, hashPin(secret(pin.normalize("NFD")), 4))).destroy();
      }),
      { numRuns: 50 },
    );
  });

  test("a PIN is not set a second time, nor changed without the present one", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const newPin = secret("12345678");
    expect(await rejection(setPIN(device, protocol, newPin))).toMatchObject({ status: "PIN_AUTH_INVALID" });
    const wrong = hashPin(secret("000000"), 4);
    expect(await rejection(changePIN(device, protocol, wrong, newPin))).toMatchObject({ status: "PIN_INVALID" });
    expect(plugged.key.ctap2.pin.pinRetries).toBe(7);
  });

  test("a PIN that does not fit into its 64 bytes is not sent", async () => {
    await using plugged = await plugIn();
    const tooLong = secret("1".repeat(64));
    expect(await rejection(setPIN(await plugged.open(), protocol, tooLong))).toMatchObject({ code: "pin_policy" });
    expect(plugged.key.ctap2.pin.isSet).toBe(false);
  });
});
