/** Whatever a key answers, in whatever order, a ceremony ends: with a typed error, and without asking for ever. */
import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import { ECDH_ES_HKDF_256, exportCoseKey } from "../../../src/fido/codec/cose.ts";
import type { CtapDevice, ExchangeOptions } from "../../../src/fido/ctap2/device.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createCredential, getAssertion } from "../../../src/fido/webauthn/ceremony.ts";
import { rejection } from "../../rejection.ts";
import { person } from "./person.ts";
import { creationOptions, toEnroll, toLogIn, origin, requestOptions } from "./relying-party.ts";

const statuses = [
  0x01, 0x02, 0x11, 0x12, 0x14, 0x15, 0x19, 0x26, 0x27, 0x28, 0x2b, 0x2c, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34,
  0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3e, 0x3f, 0x40, 0x7f, 0xdf, 0xf2,
];
const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keyAgreement = exportCoseKey(publicKey, ECDH_ES_HKDF_256);

/** A key that answers clientPIN well or with a status, everything else with a status, as it is told; then OTHER for ever. */
class WhimsicalKey implements CtapDevice {
  readonly product = "Whimsical Key";
  exchanges = 0;
  readonly #info: CborMap;
  readonly #whims: (number | "well")[];

  constructor(info: CborMap, whims: (number | "well")[]) {
    this.#info = info;
    this.#whims = whims;
  }

  exchange(message: Uint8Array, { onKeepalive, signal }: ExchangeOptions = {}): Promise<Uint8Array> {
    if (signal?.aborted) return Promise.reject(new VouchError("cancelled", "Cancelled."));
    if (message[0] === 0x04) return Promise.resolve(Uint8Array.of(0, ...encodeCbor(this.#info)));
    this.exchanges += 1;
    onKeepalive?.("user_presence_needed");
    const whim = this.#whims.shift() ?? 0x7f;
    if (whim !== "well") return Promise.resolve(Uint8Array.of(whim));
    const protocol = message[0] === 0x06 ? decodeCborMap(message.subarray(1)).get(1) : undefined;
    const answer = new Map<number, CborValue>([
      [1, keyAgreement],
      [2, new Uint8Array(protocol === 1 ? 32 : 48)],
      [3, 8],
      [5, 3],
    ]);
    // Only clientPIN (0x06) can be answered well without the key's secrets.
    return Promise.resolve(message[0] === 0x06 ? Uint8Array.of(0, ...encodeCbor(answer)) : Uint8Array.of(0x2f));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const infos = fc
  .record({
    rk: fc.boolean(),
    uv: fc.constantFrom(true, true, false, undefined),
    clientPin: fc.constantFrom(true, true, true, false, undefined),
    pinUvAuthToken: fc.boolean(),
    noMcGaPermissionsWithClientPin: fc.constantFrom(true, false, false, false),
    forcePINChange: fc.boolean(),
    minPINLength: fc.constantFrom(0, 4, 8, 100),
    maxMsgSize: fc.integer({ min: 0, max: 2000 }),
    attempts: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
    protocols: fc.constantFrom([1], [2], [2, 1], [3, 2], [3], []),
  })
  .map(({ forcePINChange, minPINLength, maxMsgSize, attempts, protocols, ...options }): CborMap => {
    const present = Object.entries(options).filter((entry): entry is [string, boolean] => entry[1] !== undefined);
    const info = new Map<number, CborValue>([
      [1, ["FIDO_2_1"]],
      [4, new Map(present)],
      [5, maxMsgSize],
      [6, protocols],
      [0x0c, forcePINChange],
      [0x0d, minPINLength],
    ]);
    if (attempts !== undefined) info.set(0x11, attempts);
    return info;
  });

const whims = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant("well" as const) },
    // What a ceremony may go on after.
    { weight: 3, arbitrary: fc.constantFrom(0x28, 0x2e, 0x31, 0x33, 0x36, 0x37, 0x38, 0x3c, 0x3f) },
    { weight: 1, arbitrary: fc.constantFrom(...statuses) },
  ),
  { minLength: 20, maxLength: 200 },
);

/** Somebody who never gives up. */
const machine = (prefersPin: boolean) => {
  const pin = () => Promise.resolve(new Secret("12345678"));
  return { ...person([], 0, { newPins: [], prefersPin }), pin, newPin: pin };
};

test.each(["creating a credential", "getting an assertion"])(
  "whatever a key answers, %s ends with a typed error and a bounded number of exchanges",
  async (what) => {
    const creation = await creationOptions({
      excludeCredentials: Array.from({ length: 20 }, (_, index) => ({
        id: Buffer.alloc(32, index).toString("base64url"),
      })),
    });
    const request = await requestOptions();
    const credentialIds = creation.excludeCredentials?.map(({ id }) => id) ?? [];
    await fc.assert(
      fc.asyncProperty(infos, whims, fc.boolean(), async (info, list, prefersPin) => {
        const device = new WhimsicalKey(info, [...list]);
        const way = { device, origin, ui: machine(prefersPin), timeoutMs: 1000 };
        const error = await rejection(
          what === "creating a credential"
            ? createCredential({ deed: toEnroll, ...way, options: creation })
            : getAssertion({ deed: toLogIn, ...way, options: request, credentialIds }),
        );
        expect(error).toBeInstanceOf(VouchError);
        expect(error).not.toMatchObject({ code: "internal_error" });
        // Every whim, and then at most a few more questions until OTHER is taken for an answer.
        expect(device.exchanges).toBeLessThanOrEqual(list.length + 4);
      }),
      { numRuns: 2000 },
    );
  },
);
