/** PIN/UV auth protocols one and two, the authenticator's side (CTAP 2.1 sections 6.5.6 and 6.5.7). */
import { createCipheriv, createDecipheriv, createECDH, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createHash, timingSafeEqual } from "node:crypto";
import type { CborMap } from "../../../../src/fido/codec/cbor.ts";
import { optional, required } from "../parameters.ts";
import { StatusError } from "../status.ts";

export type Version = 1 | 2;

/** A shared secret: `hmac` and `aes` are the same bytes in protocol one. */
export interface Shared {
  version: Version;
  hmac: Buffer;
  aes: Buffer;
}

/** The authenticator's key agreement key pair. */
export class KeyAgreement {
  readonly #ecdh = createECDH("prime256v1");

  constructor() {
    this.#ecdh.generateKeys();
  }

  /** getPublicKey(): the COSE_Key. */
  publicKey(): CborMap {
    const point = new Uint8Array(this.#ecdh.getPublicKey());
    return new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -25],
      [-1, 1],
      [-2, point.subarray(1, 33)],
      [-3, point.subarray(33)],
    ]);
  }

  /** decapsulate(): INVALID_PARAMETER for anything that is not a point on P-256. */
  decapsulate(version: Version, key: CborMap): Shared {
    const x = required(key, -2, "bytes");
    const y = required(key, -3, "bytes");
    const wellFormed = optional(key, 1, "integer") === 2 && optional(key, -1, "integer") === 1;
    if (!wellFormed || optional(key, 3, "integer") !== -25) throw new StatusError("INVALID_PARAMETER");
    let z: Buffer;
    try {
      z = this.#ecdh.computeSecret(Buffer.concat([Buffer.of(4), x, y]));
    } catch {
      throw new StatusError("INVALID_PARAMETER");
    }
    if (version === 1) {
      const key1 = createHash("sha256").update(z).digest();
      return { version, hmac: key1, aes: key1 };
    }
    const derive = (info: string) => Buffer.from(hkdfSync("sha256", z, Buffer.alloc(32), info, 32));
    return { version, hmac: derive("CTAP2 HMAC key"), aes: derive("CTAP2 AES key") };
  }
}

export function encrypt({ version, aes }: Shared, plaintext: Uint8Array): Uint8Array {
  const iv = version === 1 ? Buffer.alloc(16) : randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", aes, iv).setAutoPadding(false);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return new Uint8Array(version === 1 ? body : Buffer.concat([iv, body]));
}

/** Undefined when the ciphertext cannot be one. */
export function decrypt({ version, aes }: Shared, ciphertext: Uint8Array): Buffer | undefined {
  const header = version === 1 ? 0 : 16;
  if (ciphertext.length <= header || ciphertext.length % 16 !== 0) return undefined;
  const iv = version === 1 ? Buffer.alloc(16) : ciphertext.subarray(0, 16);
  const decipher = createDecipheriv("aes-256-cbc", aes, iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(ciphertext.subarray(header)), decipher.final()]);
}

/** verify(): whether the signature is the one of the key over the message. */
export function verify(version: Version, key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const mac = createHmac("sha256", key).update(message).digest();
  const expected = version === 1 ? mac.subarray(0, 16) : mac;
  return signature.length === expected.length && timingSafeEqual(expected, signature);
}
