/** The credentials on the key. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { CborMap } from "../../../src/fido/codec/cbor.ts";
import { StatusError } from "./status.ts";

export interface User {
  id: Uint8Array;
  name: string | undefined;
  displayName: string | undefined;
}

export interface Credential {
  id: Uint8Array;
  rpId: string;
  user: User;
  discoverable: boolean;
  /** 1: as before; 2: not found without verification unless it is on the list; 3: not without verification. */
  credProtect: number;
  signCount: number;
  publicKey: CborMap;
  /** The secrets of the hmac-secret extension, for a credential that was made with it. */
  credRandom: { withUV: Uint8Array; withoutUV: Uint8Array } | undefined;
  privateKey: KeyObject;
}

const CREDENTIAL_ID_BYTES = 32;
const CRED_RANDOM_BYTES = 32;

export class CredentialStore {
  readonly #capacity: number;
  /** The newest last. */
  #credentials: Credential[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get remaining(): number {
    return this.#capacity - this.#credentials.filter(({ discoverable }) => discoverable).length;
  }

  /** Makes a credential; a discoverable one takes the place of another of the same account. */
  create(rpId: string, user: User, discoverable: boolean, credProtect: number, hmacSecret = false): Credential {
    if (discoverable) {
      const old = this.#credentials.find(
        (one) => one.discoverable && one.rpId === rpId && Buffer.from(one.user.id).equals(user.id),
      );
      if (old === undefined && this.remaining <= 0) throw new StatusError("KEY_STORE_FULL");
      this.#credentials = this.#credentials.filter((one) => one !== old);
    }
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const random = () => new Uint8Array(randomBytes(CRED_RANDOM_BYTES));
    const credential: Credential = {
      id: new Uint8Array(randomBytes(CREDENTIAL_ID_BYTES)),
      rpId,
      user,
      discoverable,
      credProtect,
      signCount: 0,
      publicKey: new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Uint8Array.fromBase64(x, { alphabet: "base64url" })],
        [-3, Uint8Array.fromBase64(y, { alphabet: "base64url" })],
      ]),
      credRandom: hmacSecret ? { withUV: random(), withoutUV: random() } : undefined,
      privateKey,
    };
    this.#credentials.push(credential);
    return credential;
  }

  /** The credentials of a relying party on the list, in the list's order. */
  listed(rpId: string, ids: readonly Uint8Array[]): Credential[] {
    return ids.flatMap((id) => this.#credentials.filter((one) => one.rpId === rpId && Buffer.from(one.id).equals(id)));
  }

  /** The discoverable credentials of a relying party, the newest first. */
  discoverable(rpId: string): Credential[] {
    return this.#credentials.filter((one) => one.discoverable && one.rpId === rpId).toReversed();
  }

  /** Every credential, the oldest first. */
  get all(): readonly Credential[] {
    return this.#credentials;
  }

  /** The discoverable credentials of all relying parties, the newest first. */
  allDiscoverable(): Credential[] {
    return this.#credentials.filter(({ discoverable }) => discoverable).toReversed();
  }

  delete(credential: Credential): void {
    this.#credentials = this.#credentials.filter((one) => one !== credential);
  }

  clear(): void {
    this.#credentials = [];
  }
}

/** An ES256 signature (ASN.1 DER) over the authenticator data and the client data hash. */
export function signWith({ privateKey }: Credential, authData: Uint8Array, clientDataHash: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", Buffer.concat([authData, clientDataHash]), privateKey));
}
