/** ECDSA with P-256 over a digest that is given (FIPS 186-5, 6.4.1): node:crypto hashes whatever it signs. */
import { createECDH, type KeyObject, randomBytes } from "node:crypto";

/** The order of the curve's base point. */
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Signs 32 bytes; returns the signature in DER. */
export function signDigest(digest: Uint8Array, privateKey: KeyObject): Buffer {
  const d = number(Buffer.from(privateKey.export({ format: "jwk" }).d!, "base64url"));
  for (;;) {
    const k = number(randomBytes(32)) % n;
    if (k === 0n) continue;
    const point = createECDH("prime256v1");
    point.setPrivateKey(bytes(k));
    const r = number(point.getPublicKey().subarray(1, 33)) % n;
    const s = (inverse(k) * (number(digest) + r * d)) % n;
    if (r !== 0n && s !== 0n) return der(r, s);
  }
}

/** SEQUENCE { INTEGER r, INTEGER s } (RFC 3279, 2.2.3). */
function der(r: bigint, s: bigint): Buffer {
  const integers = [r, s].map((value) => {
    const text = value.toString(16);
    const content = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, "hex");
    const positive = content[0]! < 0x80 ? content : Buffer.concat([Buffer.from([0]), content]);
    return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

function number(data: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(data).toString("hex")}`);
}

function bytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

/** By Fermat's little theorem: n is prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % n;
  for (let exponent = n - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % n;
    base = (base * base) % n;
  }
  return result;
}
