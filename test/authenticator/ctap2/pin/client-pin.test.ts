import { describe, expect, test } from "bun:test";
import { type CborValue, decodeCborMap, encodeCbor } from "../../../../src/fido/codec/cbor.ts";
import type { CtapDevice } from "../../../../src/fido/ctap2/device.ts";
import { encapsulate, type PinProtocol } from "../../../../src/fido/ctap2/pin-protocol.ts";
import { getPINRetries } from "../../../../src/fido/ctap2/client-pin.ts";
import { hashPin } from "../../../../src/fido/ctap2/pin.ts";
import { getPinToken } from "../../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { plugIn } from "../../plugged-in.ts";
import { type Members, status } from "../../raw-command.ts";

const hashed = (text: string) => hashPin(new Secret(text), 4);

describe.each<[PinProtocol]>([[1], [2]])("clientPIN in protocol %i", (version) => {
  /** Encrypts for the key as setPIN and changePIN do. */
  async function agreed(device: CtapDevice) {
    const answer = await device.exchange(
      Uint8Array.of(
        6,
        ...encodeCbor(
          new Map([
            [1, version],
            [2, 2],
          ]),
        ),
      ),
    );
    return encapsulate(version, decodeCborMap(answer.subarray(1)).get(1) as Map<number, CborValue>);
  }
  const padded = (text: string, length = 64) => {
    const bytes = new Uint8Array(length);
    bytes.set(new TextEncoder().encode(text));
    return bytes;
  };
  async function setPin(device: CtapDevice, plaintext: Uint8Array): Promise<string> {
    const { keyAgreement, secret } = await agreed(device);
    const newPinEnc = secret.encrypt(plaintext);
    return status(device, 6, [
      [1, version],
      [2, 3],
      [3, keyAgreement],
      [4, secret.authenticate(newPinEnc)],
      [5, newPinEnc],
    ]);
  }

  test("sets a PIN once", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    expect(await setPin(device, padded("123456"))).toBe("00");
    await getPinToken(device, version, hashed("123456"));
    expect(await setPin(device, padded("000000"))).toBe("33");
  });

  test.each([
    ["three characters", padded("123"), "37"],
    ["64 bytes without an end", padded("1".repeat(64)), "37"],
    ["48 bytes", padded("123456", 48), "02"],
    ["three characters of four bytes", padded("🔑🔑🔑"), "37"],
  ])("refuses a PIN of %s", async (_, plaintext, expected) => {
    await using plugged = await plugIn();
    expect(await setPin(await plugged.open(), plaintext)).toBe(expected);
  });

  test("refuses a PIN whose authentication is wrong", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    const { keyAgreement, secret } = await agreed(device);
    const newPinEnc = secret.encrypt(padded("123456"));
    const members: Members = [
      [1, version],
      [2, 3],
      [3, keyAgreement],
      [4, new Uint8Array(16)],
      [5, newPinEnc],
    ];
    expect(await status(device, 6, members)).toBe("33");
  });

  test("changes a PIN for who knows the old one", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const change = async (old: string) => {
      const { keyAgreement, secret } = await agreed(device);
      const [newPinEnc, pinHashEnc] = [secret.encrypt(padded("654321")), secret.encrypt(hashed(old))];
      const param = secret.authenticate(Uint8Array.of(...newPinEnc, ...pinHashEnc));
      return status(device, 6, [
        [1, version],
        [2, 4],
        [3, keyAgreement],
        [4, param],
        [5, newPinEnc],
        [6, pinHashEnc],
      ]);
    };
    expect(await change("000000")).toBe("31");
    expect(await change("123456")).toBe("00");
    await getPinToken(device, version, hashed("654321"));
  });

  test("refuses a key agreement off the curve", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const { keyAgreement, secret } = await agreed(device);
    const bent = new Map(keyAgreement).set(-3, new Uint8Array(32).fill(3));
    const members: Members = [
      [1, version],
      [2, 5],
      [3, bent],
      [6, secret.encrypt(hashed("123456"))],
    ];
    expect(await status(device, 6, members)).toBe("02");
    expect((await getPINRetries(device, version)).pinRetries).toBe(8);
  });
});

test("wrong PINs use up tries, and the right PIN restores them", async () => {
  await using plugged = await plugIn({ pin: "123456" });
  const device = await plugged.open();
  const wrong = () => getPinToken(device, 2, hashed("000000")).catch((error: unknown) => String(error));
  await wrong();
  await wrong();
  expect(await getPINRetries(device, 2)).toEqual({ pinRetries: 6, powerCycleState: false });
  await getPinToken(device, 2, hashed("123456"));
  expect(await getPINRetries(device, 2)).toEqual({ pinRetries: 8, powerCycleState: false });
});
