/** The hmac-secret extension of the software key (CTAP 2.1, 12.5). */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { type CborMap, type CborValue } from "../../../src/fido/codec/cbor.ts";
import type { CtapDevice } from "../../../src/fido/ctap2/device.ts";
import { encapsulate } from "../../../src/fido/ctap2/pin-protocol.ts";
import { parseAuthenticatorData } from "../../../src/fido/webauthn/authenticator-data.ts";
import { plugIn } from "../plugged-in.ts";
import { clientDataHash, makeWith, type Members, rpId, send } from "../raw-command.ts";

describe("hmac-secret", () => {
  async function outputs(device: CtapDevice, id: Uint8Array, salts: Uint8Array, changes: Members = []) {
    const agreement = (await send(device, 0x06, [
      [0x01, 2],
      [0x02, 0x02],
    ])) as CborMap;
    const { keyAgreement, secret } = encapsulate(2, agreement.get(0x01) as CborMap);
    const saltEnc = secret.encrypt(salts);
    const input = new Map<number, CborValue>([
      [0x01, keyAgreement],
      [0x02, saltEnc],
      [0x03, secret.authenticate(saltEnc)],
      [0x04, 2],
      ...changes,
    ]);
    const answer = await send(device, 0x02, [
      [0x01, rpId],
      [0x02, clientDataHash],
      [
        0x03,
        [
          new Map<string, CborValue>([
            ["id", id],
            ["type", "public-key"],
          ]),
        ],
      ],
      [0x04, new Map([["hmac-secret", input]])],
    ]);
    if (typeof answer === "string") return answer;
    const data = parseAuthenticatorData(answer.get(0x02) as Uint8Array);
    const output = data.extensions?.get("hmac-secret") as Uint8Array | undefined;
    return output === undefined ? "none" : secret.decrypt(output);
  }

  test("gives one output for each salt, the same every time, and none where it was not asked for at the making", async () => {
    await using plugged = await plugIn();
    const device = await plugged.open();
    expect((await makeWith(device, { "hmac-secret": true }, rpId))?.get("hmac-secret")).toBe(true);
    await makeWith(device, {}, rpId);
    const [withSecret, without] = plugged.key.ctap2.credentials.all;
    const salt = new Uint8Array(32).fill(7);
    const other = new Uint8Array(32).fill(8);
    const expected = [salt, other].map((one) =>
      createHmac("sha256", withSecret!.credRandom!.withoutUV).update(one).digest(),
    );
    expect(await outputs(device, withSecret!.id, salt)).toEqual(new Uint8Array(expected[0]!));
    const both = Uint8Array.of(...salt, ...other);
    expect(await outputs(device, withSecret!.id, both)).toEqual(Uint8Array.of(...expected[0]!, ...expected[1]!));
    expect(await outputs(device, without!.id, salt)).toBe("none");
    expect(await outputs(device, withSecret!.id, new Uint8Array(48))).toBe("03");
    expect(await outputs(device, withSecret!.id, salt, [[0x03, new Uint8Array(32)]])).toBe("33");
    expect(await outputs(device, withSecret!.id, salt, [[0x04, 9]])).toBe("02");
  });
});
