import { describe, expect, test } from "bun:test";
import type { CborValue } from "../../../src/fido/codec/cbor.ts";
import { hashPin } from "../../../src/fido/ctap2/pin.ts";
import {
  PERMISSION,
  type PinUvAuthToken,
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
} from "../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { Secret } from "../../../src/base/secret.ts";
import { rejection } from "../../rejection.ts";
import { plugIn } from "../plugged-in.ts";
import { type Members, status } from "../raw-command.ts";

const hash = new Uint8Array(32).fill(1);
const rpId = "vouch.example.com";
const scope = { permissions: PERMISSION.MAKE_CREDENTIAL, rpId };
const hashed = (text: string) => hashPin(new Secret(text), 4);

const makeCredential = (changes: Members = []): Members =>
  Array.from(
    new Map<number, CborValue>([
      [1, hash],
      [2, new Map([["id", rpId]])],
      [3, new Map([["id", Uint8Array.of(1)]])],
      [
        4,
        [
          new Map<string, CborValue>([
            ["alg", -7],
            ["type", "public-key"],
          ]),
        ],
      ],
      ...changes,
    ]),
  ).filter(([, value]) => value !== undefined);

const authorized = (token: PinUvAuthToken): Members => {
  const { pinUvAuthParam, pinUvAuthProtocol } = token.authenticate(hash);
  return [
    [8, pinUvAuthParam],
    [9, pinUvAuthProtocol],
  ];
};

describe("the software key takes CBOR only in the canonical form and refuses", () => {
  test.each([
    ["keys out of order", "a201010001", "12"],
    ["a number longer than it need be", "a1180101", "12"],
    ["an indefinite map", "bf0101ff", "12"],
    ["a duplicate key", "a201010101", "12"],
    ["bytes after the map", "a1000000", "12"],
    ["text that is not UTF-8", "a10161ff", "12"],
    ["nothing", "", "12"],
    ["a list", "80", "11"],
    ["members of another kind", "a10101", "11"],
    ["no members", "a0", "14"],
  ])("%s", async (_, body, expected) => {
    await using plugged = await plugIn();
    expect(await status(await plugged.open(), 0x01, Uint8Array.fromHex(body))).toBe(expected);
  });
});

describe("the software key refuses makeCredential", () => {
  test.each<[string, Members, string]>([
    ["without the client data hash", [[1, undefined]], "14"],
    ["with a short client data hash", [[1, new Uint8Array(31)]], "02"],
    ["without a user id", [[3, new Map()]], "14"],
    [
      "with only other algorithms",
      [
        [
          4,
          [
            new Map<string, CborValue>([
              ["alg", -257],
              ["type", "public-key"],
            ]),
          ],
        ],
      ],
      "26",
    ],
    ["with an algorithm without a type", [[4, [new Map([["alg", -7]])]]], "14"],
    ["with up false", [[7, new Map([["up", false]])]], "2c"],
    ["with uv where there is no sensor", [[7, new Map([["uv", true]])]], "2c"],
    ["without authorization on a key with a PIN", [], "36"],
    [
      "with a wrong authorization",
      [
        [8, new Uint8Array(16)],
        [9, 1],
      ],
      "33",
    ],
    ["with an authorization of no protocol", [[8, new Uint8Array(16)]], "14"],
    [
      "with an authorization of an unknown protocol",
      [
        [8, new Uint8Array(16)],
        [9, 3],
      ],
      "02",
    ],
    [
      "with an empty authorization, after a touch",
      [
        [8, new Uint8Array(0)],
        [9, 1],
      ],
      "31",
    ],
    ["with enterprise attestation", [[10, 1]], "02"],
  ])("%s", async (_, changes, expected) => {
    await using plugged = await plugIn({ pin: "123456" });
    expect(await status(await plugged.open(), 0x01, makeCredential(changes))).toBe(expected);
  });
});

test("the software key refuses a list of nine credentials as too long", async () => {
  await using plugged = await plugIn();
  const nine = Array.from(
    { length: 9 },
    () =>
      new Map<string, CborValue>([
        ["id", hash],
        ["type", "public-key"],
      ]),
  );
  expect(await status(await plugged.open(), 0x01, makeCredential([[5, nine]]))).toBe("15");
});

describe("a token of the software key", () => {
  test("is for one touch", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const token = await getPinUvAuthTokenUsingPinWithPermissions(device, 2, hashed("123456"), scope);
    expect(await status(device, 0x01, makeCredential(authorized(token)))).toBe("00");
    expect(await status(device, 0x01, makeCredential(authorized(token)))).toBe("33");
  });

  test("is for one relying party and for what was permitted", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const elsewhere = { ...scope, rpId: "other.example" };
    const foreign = await getPinUvAuthTokenUsingPinWithPermissions(device, 2, hashed("123456"), elsewhere);
    expect(await status(device, 0x01, makeCredential(authorized(foreign)))).toBe("33");
    const reading = { ...scope, permissions: PERMISSION.GET_ASSERTION };
    const other = await getPinUvAuthTokenUsingPinWithPermissions(device, 2, hashed("123456"), reading);
    expect(await status(device, 0x01, makeCredential(authorized(other)))).toBe("33");
  });

  test("ends with the next one, and with the power", async () => {
    await using plugged = await plugIn({ pin: "123456" });
    const device = await plugged.open();
    const first = await getPinToken(device, 1, hashed("123456"));
    const second = await getPinToken(device, 2, hashed("123456"));
    expect(await status(device, 0x01, makeCredential(authorized(first)))).toBe("33");
    plugged.key.powerCycle();
    expect(await status(await plugged.open(), 0x01, makeCredential(authorized(second)))).toBe("33");
  });
});

test("a software key of CTAP 2.0 knows neither permissions nor selection", async () => {
  await using plugged = await plugIn({ pin: "123456", ctap: "2.0", protocols: [1] });
  const device = await plugged.open();
  expect(await status(device, 0x0b, new Uint8Array(0))).toBe("01");
  expect(
    await status(device, 0x06, [
      [1, 1],
      [2, 9],
    ]),
  ).toBe("3e");
  expect(await status(device, 0x06, [[2, 1]])).toBe("14");
});

test("a software key whose PIN may not authorize credentials and assertions gives no token for them", async () => {
  await using plugged = await plugIn({ pin: "123456", noMcGaPermissionsWithClientPin: true });
  const device = await plugged.open();
  expect(await rejection(getPinToken(device, 2, hashed("123456")))).toMatchObject({
    status: "UNAUTHORIZED_PERMISSION",
  });
});

test("credProtect: level 2 hides a credential from who knows no id of it, level 3 from who is not verified", async () => {
  await using plugged = await plugIn();
  const device = await plugged.open();
  const assertion = (id?: Uint8Array): Members => [
    [1, rpId],
    [2, hash],
    ...(id === undefined
      ? []
      : [
          [
            3,
            [
              new Map<string, CborValue>([
                ["id", id],
                ["type", "public-key"],
              ]),
            ],
          ] as [number, CborValue],
        ]),
    [5, new Map([["up", false]])],
  ];
  const seen: Record<number, string[]> = {};
  for (const level of [1, 2, 3]) {
    const made = makeCredential([
      [6, new Map([["credProtect", level]])],
      [7, new Map([["rk", true]])],
    ]);
    expect(await status(device, 0x01, made)).toBe("00");
    const [credential] = plugged.key.ctap2.credentials.discoverable(rpId);
    seen[level] = [await status(device, 0x02, assertion()), await status(device, 0x02, assertion(credential!.id))];
  }
  expect(seen).toEqual({ 1: ["00", "00"], 2: ["2e", "00"], 3: ["2e", "2e"] });
});

test("getNextAssertion needs an assertion before it, on the same channel", async () => {
  await using plugged = await plugIn();
  const [device, other] = [await plugged.open(), await plugged.open()];
  const account = (id: number): Members => [
    [3, new Map([["id", Uint8Array.of(id)]])],
    [7, new Map([["rk", true]])],
  ];
  for (const id of [1, 2, 3]) expect(await status(device, 0x01, makeCredential(account(id)))).toBe("00");
  const next = Uint8Array.of(8);
  expect((await device.exchange(next)).toHex()).toBe("30");
  expect(
    await status(device, 0x02, [
      [1, rpId],
      [2, hash],
    ]),
  ).toBe("00");
  expect((await device.exchange(next))[0]).toBe(0);
  expect((await other.exchange(next)).toHex()).toBe("30");
});

test("a reset erases PIN and credentials", async () => {
  await using plugged = await plugIn({ pin: "123456" });
  const device = await plugged.open();
  const token = await getPinToken(device, 2, hashed("123456"));
  expect(await status(device, 0x01, makeCredential([...authorized(token), [7, new Map([["rk", true]])]]))).toBe("00");
  expect(await status(device, 0x07, new Uint8Array(0))).toBe("00");
  expect(
    await status(device, 0x02, [
      [1, rpId],
      [2, hash],
    ]),
  ).toBe("2e");
  expect(plugged.key.ctap2.pin.isSet).toBe(false);
});
