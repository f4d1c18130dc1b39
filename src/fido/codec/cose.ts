/** Conversion of P-256 public keys between COSE_Key (RFC 9052 section 7, RFC 9053 section 7.1.1) and KeyObject. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { VouchError } from "../../base/errors.ts";
import type { CborMap } from "./cbor.ts";

/** COSE algorithm identifiers (IANA COSE Algorithms). */
export const ES256 = -7;
/** The `alg` of the PIN/UV auth protocols' key agreement keys; not the algorithm actually used. */
export const ECDH_ES_HKDF_256 = -25;

/** Labels of COSE_Key members. */
const KTY = 1;
export const COSE_ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const KTY_EC2 = 2;
const CRV_P256 = 1;
const coordinateBytes = 32;

/**
 * Imports a COSE_Key; its `alg` must equal `algorithm`. Throws `protocol_error` for another kind of key, or a point off
 * P-256.
 */
export function importCoseKey(key: CborMap, algorithm: number): KeyObject {
  for (const [label, expected, name, words] of [
    [KTY, KTY_EC2, "kty", "an elliptic curve key"],
    [COSE_ALG, algorithm, "alg", algorithm === ES256 ? "a key for ES256" : "a key for the key agreement"],
    [CRV, CRV_P256, "crv", "a key on the curve P-256"],
  ] as const) {
    const got = key.get(label);
    if (got !== expected) {
      const value = typeof got === "number" ? got : got === undefined ? "none" : "another type";
      throw invalid(`expected ${words} (${name} ${expected}), got ${name} ${value}`);
    }
  }
  const jwk = { kty: "EC", crv: "P-256", x: coordinate(key, X, "x"), y: coordinate(key, Y, "y") };
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (error) {
    throw invalid("expected a point on the curve P-256", error);
  }
}

/** Exports a P-256 public key as COSE_Key with `algorithm` as its `alg`. Throws `protocol_error` for another curve. */
export function exportCoseKey(key: KeyObject, algorithm: number): CborMap {
  const { crv, x, y } = key.export({ format: "jwk" });
  if (crv !== "P-256" || x === undefined || y === undefined) throw invalid(`expected curve P-256, got ${crv}`);
  return new Map<number, number | Uint8Array>([
    [KTY, KTY_EC2],
    [COSE_ALG, algorithm],
    [CRV, CRV_P256],
    [X, Uint8Array.fromBase64(x, { alphabet: "base64url" })],
    [Y, Uint8Array.fromBase64(y, { alphabet: "base64url" })],
  ]);
}

function coordinate(key: CborMap, label: number, name: string): string {
  const value = key.get(label);
  if (!(value instanceof Uint8Array) || value.length !== coordinateBytes) {
    throw invalid(`expected ${name} of ${coordinateBytes} bytes`);
  }
  return value.toBase64({ alphabet: "base64url", omitPadding: true });
}

function invalid(reason: string, cause?: unknown): VouchError {
  return new VouchError("protocol_error", `Unusable public key: ${reason}.`, { cause });
}
