/** What CTAP 2.1 wants of a key beside its ceremonies: credential management, and configuration. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { type CborMap, type CborValue, encodeCbor } from "../../../../src/fido/codec/cbor.ts";
import { clientPinEncrypted } from "../../../../src/fido/ctap2/client-pin.ts";
import type { CtapDevice } from "../../../../src/fido/ctap2/device.ts";
import { getInfo } from "../../../../src/fido/ctap2/get-info.ts";
import { hashPin } from "../../../../src/fido/ctap2/pin.ts";
import { PinUvAuthToken } from "../../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { PERMISSION } from "../pin/pin-state.ts";
import { plugIn } from "../../plugged-in.ts";
import { makeWith, type Members, rpId, send, status, user } from "../../raw-command.ts";

const pin = "123456";
const sha256 = (text: string) => new Uint8Array(createHash("sha256").update(text).digest());

/** A token as a platform gets it; without `forRp` it is bound to no relying party. */
function token(device: CtapDevice, permissions: number, forRp?: string): Promise<PinUvAuthToken> {
  return clientPinEncrypted(
    device,
    2,
    (secret) => [
      [0x02, 0x09],
      [0x06, secret.encrypt(hashPin(new Secret(pin), 4))],
      [0x09, permissions],
      ...(forRp === undefined ? [] : ([[0x0a, forRp]] as const)),
    ],
    (answer, secret) => new PinUvAuthToken(2, secret.decrypt(answer.get(0x02) as Uint8Array)),
  );
}

/** A command of credential management, authorized by the token. */
function manage(device: CtapDevice, by: PinUvAuthToken, subCommand: number, params?: CborMap) {
  const { pinUvAuthParam } = by.authenticate(Uint8Array.of(subCommand, ...(params ? encodeCbor(params) : [])));
  const given: Members = params === undefined ? [] : [[0x02, params]];
  return send(device, 0x0a, [[0x01, subCommand], ...given, [0x03, 2], [0x04, pinUvAuthParam]]);
}

function configure(device: CtapDevice, by: PinUvAuthToken, subCommand: number, params?: CborMap) {
  const body = params ? encodeCbor(params) : [];
  const { pinUvAuthParam } = by.authenticate(
    Uint8Array.of(...new Uint8Array(32).fill(0xff), 0x0d, subCommand, ...body),
  );
  const given: Members = params === undefined ? [] : [[0x02, params]];
  return send(device, 0x0d, [[0x01, subCommand], ...given, [0x03, 2], [0x04, pinUvAuthParam]]);
}

test("what the key announces of CTAP 2.1 is what the specification demands of one that stores credentials", async () => {
  await using plugged = await plugIn({ pin });
  const { versions, extensions, options, pinUvAuthProtocols } = await getInfo(await plugged.open());
  expect(versions).toContain("FIDO_2_1");
  expect(extensions).toEqual(expect.arrayContaining(["credProtect", "hmac-secret"]));
  for (const name of ["rk", "clientPin", "pinUvAuthToken", "credMgmt", "authnrCfg", "setMinPINLength"]) {
    expect({ name, value: options.get(name) }).toEqual({ name, value: true });
  }
  expect(pinUvAuthProtocols).toContain(2);
});

describe("credential management", () => {
  async function filled() {
    const plugged = await plugIn({ pin, capacity: 5 });
    const { credentials } = plugged.key.ctap2;
    for (const [rp, id] of [
      [rpId, 1],
      [rpId, 2],
      ["other.example", 3],
    ] as const) {
      credentials.create(rp, { id: Uint8Array.of(id), name: `user ${id}`, displayName: undefined }, true, 2);
    }
    credentials.create(rpId, { id: Uint8Array.of(9), name: undefined, displayName: undefined }, false, 1);
    return plugged;
  }

  test("counts, lists relying parties and their credentials, renames and deletes", async () => {
    await using plugged = await filled();
    const device = await plugged.open();
    const by = await token(device, PERMISSION.CM);
    expect(await manage(device, by, 0x01)).toEqual(
      new Map([
        [1, 3],
        [2, 2],
      ]),
    );
    const first = (await manage(device, by, 0x02)) as CborMap;
    expect(first.get(0x05)).toBe(2);
    const second = (await send(device, 0x0a, [[0x01, 0x03]])) as CborMap;
    expect([first, second].map((one) => (one.get(0x03) as CborMap).get("id"))).toEqual(["other.example", rpId]);
    expect(second.get(0x04)).toEqual(sha256(rpId));
    expect(await send(device, 0x0a, [[0x01, 0x03]])).toBe("30");

    const newest = (await manage(device, by, 0x04, new Map([[0x01, sha256(rpId)]]))) as CborMap;
    expect([newest.get(0x09), newest.get(0x0a), (newest.get(0x06) as CborMap).get("name")]).toEqual([2, 2, "user 2"]);
    const older = (await send(device, 0x0a, [[0x01, 0x05]])) as CborMap;
    expect((older.get(0x08) as CborMap).get(3)).toBe(-7);

    const credential = newest.get(0x07)!;
    const renamed = new Map<string, CborValue>([
      ["id", Uint8Array.of(2)],
      ["name", "renamed"],
    ]);
    expect(
      await manage(
        device,
        by,
        0x07,
        new Map([
          [0x02, credential],
          [0x03, renamed],
        ]),
      ),
    ).toEqual(new Map());
    expect(plugged.key.ctap2.credentials.discoverable(rpId)[0]?.user.name).toBe("renamed");
    expect(
      await manage(
        device,
        by,
        0x07,
        new Map([
          [0x02, credential],
          [0x03, user(7)],
        ]),
      ),
    ).toBe("02");
    expect(await manage(device, by, 0x06, new Map([[0x02, credential]]))).toEqual(new Map());
    expect(await manage(device, by, 0x06, new Map([[0x02, credential]]))).toBe("2e");
    expect(await manage(device, by, 0x01)).toEqual(
      new Map([
        [1, 2],
        [2, 3],
      ]),
    );
  });

  test("goes on listing only right after the last answer", async () => {
    await using plugged = await filled();
    const device = await plugged.open();
    await manage(device, await token(device, PERMISSION.CM), 0x02);
    await getInfo(device);
    expect(await send(device, 0x0a, [[0x01, 0x03]])).toBe("30");
  });

  test.each<[string, string, (device: CtapDevice) => Promise<string | CborMap>]>([
    ["no authorization", "36", (device) => send(device, 0x0a, [[0x01, 0x01]])],
    ["neither authorization nor relying party", "36", (device) => send(device, 0x0a, [[0x01, 0x04]])],
    ["neither authorization nor credential", "36", (device) => send(device, 0x0a, [[0x01, 0x06]])],
    ["no list to go on with", "30", (device) => send(device, 0x0a, [[0x01, 0x05]])],
    [
      "no protocol",
      "14",
      (device) =>
        send(device, 0x0a, [
          [0x01, 0x01],
          [0x04, new Uint8Array(32)],
        ]),
    ],
    [
      "an unknown protocol",
      "02",
      (device) =>
        send(device, 0x0a, [
          [0x01, 0x01],
          [0x03, 3],
          [0x04, new Uint8Array(32)],
        ]),
    ],
    [
      "a wrong authorization",
      "33",
      (device) =>
        send(device, 0x0a, [
          [0x01, 0x01],
          [0x03, 2],
          [0x04, new Uint8Array(32)],
        ]),
    ],
    ["a token for logins", "33", async (device) => manage(device, await token(device, PERMISSION.GA, rpId), 0x01)],
    [
      "a token for one relying party",
      "33",
      async (device) => manage(device, await token(device, PERMISSION.CM, rpId), 0x02),
    ],
    [
      "a token for another relying party",
      "33",
      async (device) =>
        manage(device, await token(device, PERMISSION.CM, "other.example"), 0x04, new Map([[1, sha256(rpId)]])),
    ],
    ["no relying party", "14", async (device) => manage(device, await token(device, PERMISSION.CM), 0x04)],
    ["an unknown sub-command", "3e", async (device) => manage(device, await token(device, PERMISSION.CM), 0x09)],
    [
      "a relying party without credentials",
      "2e",
      async (device) =>
        manage(device, await token(device, PERMISSION.CM), 0x04, new Map([[1, sha256("nobody.example")]])),
    ],
  ])("is refused with %s: status 0x%s", async (_, expected, action) => {
    await using plugged = await filled();
    expect(await action(await plugged.open())).toBe(expected);
  });

  test("is a preview command before CTAP 2.1, and unknown to a key that stores nothing", async () => {
    await using preview = await plugIn({ pin, ctap: "2.1-pre" });
    expect(await status(await preview.open(), 0x41, [[0x01, 0x01]])).toBe("36");
    expect(await status(await preview.open(), 0x0a, [[0x01, 0x01]])).toBe("01");
    await using empty = await plugIn({ pin, capacity: 0 });
    expect(await status(await empty.open(), 0x0a, [[0x01, 0x01]])).toBe("01");
  });
});

describe("authenticatorConfig", () => {
  test("raises the minimum PIN length: a shorter PIN must be changed, and no token is given before", async () => {
    await using plugged = await plugIn({ pin });
    const device = await plugged.open();
    const raise = async (length: number) =>
      configure(device, await token(device, PERMISSION.ACFG), 0x03, new Map([[0x01, length]]));
    expect(await raise(6)).toEqual(new Map());
    expect(await getInfo(device)).toMatchObject({ minPINLength: 6, forcePINChange: false });
    expect(await raise(5)).toBe("37");
    expect(await raise(8)).toEqual(new Map());
    expect(await getInfo(device)).toMatchObject({ minPINLength: 8, forcePINChange: true });
    expect(await token(device, PERMISSION.ACFG).catch((error: { status: string }) => error.status)).toBe(
      "PIN_POLICY_VIOLATION",
    );
  });

  test("demands a new PIN where one is set", async () => {
    await using plugged = await plugIn({ pin });
    const device = await plugged.open();
    const force = new Map([[0x03, true]]);
    expect(await configure(device, await token(device, PERMISSION.ACFG), 0x03, force)).toEqual(new Map());
    expect(await getInfo(device)).toMatchObject({ forcePINChange: true });
    await using fresh = await plugIn();
    expect(
      await send(await fresh.open(), 0x0d, [
        [0x01, 0x03],
        [0x02, force],
      ]),
    ).toBe("35");
  });

  test("toggles whether the user is always verified", async () => {
    await using plugged = await plugIn({ pin, makeCredUvNotRqd: true });
    const device = await plugged.open();
    for (const alwaysUv of [true, false]) {
      expect(await configure(device, await token(device, PERMISSION.ACFG), 0x02)).toEqual(new Map());
      const { options } = await getInfo(device);
      expect([options.get("alwaysUv"), options.get("makeCredUvNotRqd")]).toEqual([alwaysUv, !alwaysUv]);
    }
  });

  test.each<[string, string, Members]>([
    ["no authorization", "36", [[0x01, 0x02]]],
    [
      "no protocol",
      "14",
      [
        [0x01, 0x02],
        [0x04, new Uint8Array(32)],
      ],
    ],
    [
      "a wrong authorization",
      "33",
      [
        [0x01, 0x02],
        [0x03, 2],
        [0x04, new Uint8Array(32)],
      ],
    ],
    ["an unknown sub-command", "02", [[0x01, 0x09]]],
    ["no sub-command", "14", [[0x03, 2]]],
  ])("is refused with %s: status 0x%s", async (_, expected, members) => {
    await using plugged = await plugIn({ pin });
    expect(await send(await plugged.open(), 0x0d, members)).toBe(expected);
  });

  test("tells the minimum PIN length to the relying parties that it names", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    expect(
      await send(device, 0x0d, [
        [0x01, 0x03],
        [0x02, new Map([[0x02, [rpId]]])],
      ]),
    ).toEqual(new Map());
    const named = await makeWith(device, { minPinLength: true }, rpId);
    const other = await makeWith(device, { minPinLength: true }, "other.example");
    expect([named, other].map((output) => output?.get("minPinLength"))).toEqual([4, undefined]);
  });
});
