/** PIN/UV auth protocols one and two, the platform's side (CTAP 2.1 sections 6.5.6 and 6.5.7). */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import type { CborMap } from "../codec/cbor.ts";
import { ECDH_ES_HKDF_256, exportCoseKey, importCoseKey } from "../codec/cose.ts";
import { VouchError } from "../../base/errors.ts";

export type PinProtocol = 1 | 2;

const blockBytes = 16;
const keyBytes = 32;
/** Protocol one truncates its HMACs to this length. */
const truncatedMacBytes = 16;

/** The first supported protocol in the key's order of preference; undefined if there is none. */
export function choosePinProtocol(offered: readonly number[]): PinProtocol | undefined {
  return offered.find((version) => version === 1 || version === 2);
}

/** authenticate(key, message): HMAC-SHA-256, truncated to 16 bytes in protocol one. */
export function authenticate(version: PinProtocol, key: Uint8Array, message: Uint8Array): Uint8Array {
  const mac = createHmac("sha256", key).update(message).digest();
  return new Uint8Array(version === 1 ? mac.subarray(0, truncatedMacBytes) : mac);
}

/** The shared secret of one key agreement. Destroy it after use. */
export class SharedSecret {
  readonly #version: PinProtocol;
  readonly #hmacKey: Uint8Array;
  readonly #aesKey: Uint8Array;

  /** `z` is the x-coordinate of the ECDH shared point, 32 bytes. */
  constructor(version: PinProtocol, z: Uint8Array) {
    this.#version = version;
    if (version === 1) {
      this.#hmacKey = createHash("sha256").update(z).digest();
      this.#aesKey = this.#hmacKey;
    } else {
      const salt = new Uint8Array(keyBytes);
      this.#hmacKey = new Uint8Array(hkdfSync("sha256", z, salt, "CTAP2 HMAC key", keyBytes));
      this.#aesKey = new Uint8Array(hkdfSync("sha256", z, salt, "CTAP2 AES key", keyBytes));
    }
  }

  /** AES-256-CBC without padding: zero IV in protocol one, random IV prepended to the ciphertext in protocol two. */
  encrypt(plaintext: Uint8Array): Uint8Array {
    const iv = this.#version === 1 ? new Uint8Array(blockBytes) : randomBytes(blockBytes);
    const cipher = createCipheriv("aes-256-cbc", this.#aesKey, iv).setAutoPadding(false);
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return new Uint8Array(this.#version === 1 ? ciphertext : Buffer.concat([iv, ciphertext]));
  }

  /**
   * Reverses {@link encrypt}. Throws `protocol_error` if the length is not a multiple of the block size, or (protocol
   * two) the IV is missing.
   */
  decrypt(ciphertext: Uint8Array): Uint8Array {
    const header = this.#version === 1 ? 0 : blockBytes;
    if (ciphertext.length < header + blockBytes || ciphertext.length % blockBytes !== 0) {
      throw new VouchError("protocol_error", `Expected a ciphertext of whole blocks, got ${ciphertext.length} bytes.`);
    }
    const iv = this.#version === 1 ? new Uint8Array(blockBytes) : ciphertext.subarray(0, blockBytes);
    const decipher = createDecipheriv("aes-256-cbc", this.#aesKey, iv).setAutoPadding(false);
    const plaintext = decipher.update(ciphertext.subarray(header));
    decipher.final();
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  }

  authenticate(message: Uint8Array): Uint8Array {
    return authenticate(this.#version, this.#hmacKey, message);
  }

  destroy(): void {
    this.#hmacKey.fill(0);
    this.#aesKey.fill(0);
  }
}

/**
 * Performs the ECDH key agreement with a new ephemeral key pair and returns the COSE_Key to send and the shared secret.
 * `peer` is the authenticator's COSE_Key from getKeyAgreement; tests pass `ephemeral` for test vectors. Throws
 * `protocol_error` for a point off P-256.
 */
export function encapsulate(
  version: PinProtocol,
  peer: CborMap,
  ephemeral: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync("ec", { namedCurve: "P-256" }),
): { keyAgreement: CborMap; secret: SharedSecret } {
  const publicKey = importCoseKey(peer, ECDH_ES_HKDF_256);
  const z = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
  const secret = new SharedSecret(version, z);
  z.fill(0);
  return { keyAgreement: exportCoseKey(ephemeral.publicKey, ECDH_ES_HKDF_256), secret };
}
