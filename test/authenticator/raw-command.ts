/** CTAP2 commands as a test writes them, right or wrong. */
import { type CborMap, type CborValue, decodeCborMap, encodeCbor } from "../../src/fido/codec/cbor.ts";
import type { CtapDevice } from "../../src/fido/ctap2/device.ts";
import { parseAuthenticatorData } from "../../src/fido/webauthn/authenticator-data.ts";

/** The members of a request by their keys. */
export type Members = [number, CborValue][];

/** Sends a command and gives its status byte, in hexadecimal. */
export async function status(device: CtapDevice, command: number, members: Members | Uint8Array): Promise<string> {
  const body = members instanceof Uint8Array ? members : encodeCbor(new Map(members));
  const answer = await device.exchange(Uint8Array.of(command, ...body));
  return answer.slice(0, 1).toHex();
}

/** Sends a command; gives its status byte in hexadecimal, or the answer. */
export async function send(device: CtapDevice, command: number, members: Members): Promise<string | CborMap> {
  const answer = await device.exchange(Uint8Array.of(command, ...encodeCbor(new Map(members))));
  if (answer[0] !== 0) return answer.slice(0, 1).toHex();
  return answer.length === 1 ? new Map() : decodeCborMap(answer.subarray(1));
}

/** What the requests of these tests are about. */
export const rpId = "example.com";
export const clientDataHash = new Uint8Array(32).fill(1);

/** A user entity. */
export const user = (id: number): CborMap =>
  new Map<string, CborValue>([
    ["id", Uint8Array.of(id)],
    ["name", `user ${id}`],
  ]);

/** The required members of authenticatorMakeCredential (CTAP 2.1, 6.1). */
export function makeMembers(rp = rpId): Members {
  return [
    [0x01, clientDataHash],
    [0x02, new Map([["id", rp]])],
    [0x03, user(1)],
    [
      0x04,
      [
        new Map<string, CborValue>([
          ["alg", -7],
          ["type", "public-key"],
        ]),
      ],
    ],
  ];
}

/** Makes a credential with extensions; gives what they put out. */
export async function makeWith(device: CtapDevice, extensions: Record<string, CborValue>, rp: string) {
  const members: Members = [...makeMembers(rp), [0x06, new Map(Object.entries(extensions))]];
  const answer = (await send(device, 0x01, members)) as CborMap;
  return parseAuthenticatorData(answer.get(0x02) as Uint8Array).extensions;
}
