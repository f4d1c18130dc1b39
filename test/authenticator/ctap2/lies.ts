/** What a lying or broken key says in its CTAP2 answers: for tests of what a client makes of it. */
import type { CborMap, CborValue } from "../../../src/fido/codec/cbor.ts";
import type { EnumerationLie } from "./management/lies.ts";

const authDataLies = {
  rpIdHash: (bytes: Uint8Array) => flip(bytes, 0, 0x01),
  "no user presence": (bytes: Uint8Array) => flip(bytes, 32, 0x01),
  "no user verification": (bytes: Uint8Array) => flip(bytes, 32, 0x04),
  "no public key": (bytes: Uint8Array) => flip(bytes.subarray(0, 37), 32, bytes[32]! & 0xc0),
  "short data": (bytes: Uint8Array) => bytes.subarray(0, 30),
} as const;

/** Changes of a COSE_Key: member → value; undefined takes it away. */
const publicKeyLies: Record<string, readonly [label: number, value: CborValue]> = {
  kty: [1, 1],
  alg: [3, -8],
  crv: [-1, 0],
  "no crv": [-1, undefined],
  "short coordinate": [-2, new Uint8Array(31)],
  "no point of the curve": [-3, new Uint8Array(32).fill(1)],
};

export const lies = {
  authData: Object.keys(authDataLies) as (keyof typeof authDataLies)[],
  publicKey: Object.keys(publicKeyLies),
};

/** A lie in the authenticator data, in the credential's public key, in that of the key agreement, or in a list. */
export type Lie =
  | { in: "enumeration"; lie: EnumerationLie }
  | { in: "authData"; lie: keyof typeof authDataLies }
  | { in: "credential" | "keyAgreement"; lie: string };

export function spoiltAuthData(lie: Lie | undefined, bytes: Uint8Array): Uint8Array {
  return lie?.in === "authData" ? authDataLies[lie.lie](bytes) : bytes;
}

export function spoiltPublicKey(lie: Lie | undefined, where: "credential" | "keyAgreement", key: CborMap): CborMap {
  if (lie?.in !== where) return key;
  const [label, value] = publicKeyLies[lie.lie]!;
  return new Map(
    [...key, [label, value] as const].filter(
      (entry) => entry[1] !== undefined && !(entry[0] === label && value === undefined),
    ),
  );
}

function flip(bytes: Uint8Array, index: number, bits: number): Uint8Array {
  const changed = bytes.slice();
  changed[index]! ^= bits;
  return changed;
}
