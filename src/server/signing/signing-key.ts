/** Signing keys as such: ES256 (RFC 7518, 3.4). */
import { calculateJwkThumbprint, type JWK } from "jose";
import type { SigningKey } from "../store/signing-keys.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Generates a key; its kid is the RFC 7638 thumbprint. */
export async function makeSigningKey(): Promise<Pick<SigningKey, "kid" | "privateJwk">> {
  for (;;) {
    const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign"]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
    const jwk = { kty, crv, x, y, d } as JWK;
    const kid = await calculateJwkThumbprint(jwk);
    // A command line would take it for a flag.
    if (!kid.startsWith("-")) return { kid, privateJwk: JSON.stringify(jwk) };
  }
}

/** Signs bytes: 64 bytes r || s, as JWS has them (RFC 7518, 3.4). */
export type Sign = (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** Imports the key once; what is returned signs with it and does not give it away. Throws for a JWK that is none. */
export async function importSigner({ privateJwk }: SigningKey): Promise<Sign> {
  const { kty, crv, x, y, d } = JSON.parse(privateJwk);
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y, d }, algorithm, false, ["sign"]);
  return async (data) => new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, data));
}

/** The key as the JWKS has it (RFC 7517, 4): nothing private. */
export function publicJwk({ kid, privateJwk }: SigningKey): JWK {
  const { kty, crv, x, y } = JSON.parse(privateJwk);
  return { kty, crv, x, y, kid, alg: "ES256", use: "sig" };
}
