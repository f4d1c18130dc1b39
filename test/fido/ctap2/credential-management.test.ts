/** authenticatorCredentialManagement, byte by byte as CTAP 2.1 section 6.8 has it. */
import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import {
  type CredentialManagement,
  credentialManagementOf,
  deleteCredentials,
  enumerateCredentials,
} from "../../../src/fido/ctap2/credential-management.ts";
import type { CtapDevice, ExchangeOptions } from "../../../src/fido/ctap2/device.ts";
import { type AuthenticatorInfo, getInfo } from "../../../src/fido/ctap2/get-info.ts";
import { PinUvAuthToken } from "../../../src/fido/ctap2/pin-uv-auth-token.ts";
import { AnsweringDevice } from "./answering-device.ts";

const key = new Uint8Array(32).fill(7);
const token = new PinUvAuthToken(2, key);
const rpIDHash = new Uint8Array(createHash("sha256").update("vouch.example.com").digest());

const credential = (id: number, total?: number): string =>
  `00${encodeCbor(
    new Map<number, CborValue>([
      [
        0x06,
        new Map<string, CborValue>([
          ["id", Uint8Array.of(id)],
          ["name", `user ${id}`],
        ]),
      ],
      [
        0x07,
        new Map<string, CborValue>([
          ["id", Uint8Array.of(0xaa, id)],
          ["type", "public-key"],
        ]),
      ],
      ...(total === undefined ? [] : ([[0x09, total]] as const)),
    ]),
  ).toHex()}`;

/** A message that was sent: its command, and its members. */
function sent(message: string): [command: number, members: CborMap] {
  const bytes = Uint8Array.fromHex(message);
  return [bytes[0]!, decodeCborMap(bytes.subarray(1))];
}

const authenticated = (message: Uint8Array) => new Uint8Array(createHmac("sha256", key).update(message).digest());

test.each<[CredentialManagement, number]>([
  ["credMgmt", 0x0a],
  ["credentialMgmtPreview", 0x41],
])("%s lists with the command 0x%x: the first answer is authorized, the others follow it", async (command, byte) => {
  const device = new AnsweringDevice(credential(1, 2), credential(2));
  const found = await enumerateCredentials({ device, command, token }, "vouch.example.com");
  expect(found).toEqual([
    { id: Uint8Array.of(0xaa, 1), user: { id: Uint8Array.of(1), name: "user 1", displayName: undefined } },
    { id: Uint8Array.of(0xaa, 2), user: { id: Uint8Array.of(2), name: "user 2", displayName: undefined } },
  ]);
  const params = new Map([[0x01, rpIDHash]]);
  expect(device.sent.map(sent)).toEqual([
    [
      byte,
      new Map<number, CborValue>([
        [0x01, 0x04],
        [0x02, params],
        [0x03, 2],
        [0x04, authenticated(Uint8Array.of(0x04, ...encodeCbor(params)))],
      ]),
    ],
    [byte, new Map([[0x01, 0x05]])],
  ]);
});

test("a credential is deleted by its descriptor, and one that is gone is passed over", async () => {
  const device = new AnsweringDevice("2e", "00");
  await deleteCredentials({ device, command: "credMgmt", token }, [{ id: Uint8Array.of(1) }, { id: Uint8Array.of(2) }]);
  const descriptor = new Map<string, CborValue>([
    ["id", Uint8Array.of(2)],
    ["type", "public-key"],
  ]);
  const params = new Map([[0x02, descriptor]]);
  expect(sent(device.sent[1]!)).toEqual([
    0x0a,
    new Map<number, CborValue>([
      [0x01, 0x06],
      [0x02, params],
      [0x03, 2],
      [0x04, authenticated(Uint8Array.of(0x06, ...encodeCbor(params)))],
    ]),
  ]);
});

describe("no credentials are told by", () => {
  test.each([
    ["the status NO_CREDENTIALS", "2e"],
    ["a count of zero", credential(1, 0)],
  ])("%s", async (_, answer) => {
    const device = new AnsweringDevice(answer);
    expect(await enumerateCredentials({ device, command: "credMgmt", token }, "vouch.example.com")).toEqual([]);
  });
});

test("the whole list has one limit in time, however many there are", async () => {
  const limits: (number | undefined)[] = [];
  let count = 0;
  const device: CtapDevice = {
    product: "Slow Key",
    exchange: (_, options?: ExchangeOptions) => {
      limits.push(options?.timeoutMs);
      count += 1;
      return Promise.resolve(Uint8Array.fromHex(credential(count, count === 1 ? 5 : undefined)));
    },
    close: () => Promise.resolve(),
  };
  await enumerateCredentials({ device, command: "credMgmt", token }, "vouch.example.com");
  const later = limits.slice(1).map(Number);
  expect(later).toEqual(later.toSorted((one, other) => other - one));
  expect(Math.max(...later)).toBeLessThanOrEqual(30_000);
});

test.each<[string, [string, boolean][], CredentialManagement | undefined]>([
  ["CTAP 2.1", [["credMgmt", true]], "credMgmt"],
  [
    "CTAP 2.1 with the prototype beside it",
    [
      ["credentialMgmtPreview", true],
      ["credMgmt", true],
    ],
    "credMgmt",
  ],
  ["the prototype alone", [["credentialMgmtPreview", true]], "credentialMgmtPreview"],
  ["neither", [["credMgmt", false]], undefined],
])("the command of a key with %s", async (_, options, expected) => {
  const answer = encodeCbor(new Map([[0x04, new Map(options)]]));
  const info: AuthenticatorInfo = await getInfo(new AnsweringDevice(`00${answer.toHex()}`));
  expect(credentialManagementOf(info)).toBe(expected);
});
