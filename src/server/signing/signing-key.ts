/** Signing keys as such: ES256 (RFC 7518, 3.4). */
import { createPrivateKey, sign } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import { VouchError } from "../../base/errors.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import { type KeyProtector, levelUnder, parseProtection, type ProtectionLevel } from "./protection.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

/** A key without its times. */
export type NewSigningKey = Pick<SigningKey, "kid" | "jwk" | "protection">;

export interface KeyMaker {
  /** How its keys are protected. */
  readonly level: ProtectionLevel;
  /** Makes a key. Called outside of transactions, which KMS would hold up, and only if the key would be taken. */
  make(): Promise<NewSigningKey>;
}

/** Generates a key for the issuer, encrypted if there is a protector; its kid is the RFC 7638 thumbprint. */
export async function makeSigningKey(issuer: string, protector: KeyProtector | undefined): Promise<NewSigningKey> {
  for (;;) {
    const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign"]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
    const jwk = { kty, crv, x, y, d } as JWK;
    const kid = await calculateJwkThumbprint(jwk);
    // A command line would take it for a flag.
    if (kid.startsWith("-")) continue;
    const key = { kid, jwk: JSON.stringify(jwk), protection: undefined };
    return protector === undefined ? key : await protectKey(key, issuer, protector);
  }
}

/** Makes keys for the issuer, encrypted if there is a protector. */
export function keyMaker(issuer: string, protector: KeyProtector | undefined): KeyMaker {
  return { level: levelUnder(protector), make: () => makeSigningKey(issuer, protector) };
}

/** Encrypts a key that is in clear text. Throws as the protector. */
export async function protectKey(key: NewSigningKey, issuer: string, protector: KeyProtector): Promise<NewSigningKey> {
  const { kty, crv, x, y, d } = JSON.parse(key.jwk);
  const secret = new Uint8Array(Buffer.from(d, "base64url"));
  const protection = await protector.protect(secret, { of: "signing key", issuer, kid: key.kid });
  return { kid: key.kid, jwk: JSON.stringify({ kty, crv, x, y }), protection: JSON.stringify(protection) };
}

/**
 * Decrypts a key; one in clear text is returned as it is. Throws `settings_missing` without a protector,
 * `settings_invalid`, and as the protector.
 */
export async function unprotectKey(
  key: NewSigningKey,
  issuer: string,
  protector: KeyProtector | undefined,
): Promise<NewSigningKey> {
  const protection = parseProtection(key.protection, key.kid);
  if (protection === undefined) return key;
  if (protector === undefined) {
    throw new VouchError(
      "settings_missing",
      `The signing key ${key.kid} is encrypted, and no key-encryption key is given.`,
      {
        hint: "Name it: key-encryption-key in the server's configuration file, --key-encryption-key or VOUCH_KEY_ENCRYPTION_KEY (file:PATH, env:NAME, credential:NAME, aws-kms:KEY-ARN).",
      },
    );
  }
  const secret = await protector.unprotect(protection, { of: "signing key", issuer, kid: key.kid });
  const jwk = { ...JSON.parse(key.jwk), d: Buffer.from(secret).toString("base64url") };
  return { kid: key.kid, jwk: JSON.stringify(jwk), protection: undefined };
}

export interface Signer {
  /** Signs bytes: 64 bytes r || s, as JWS has them (RFC 7518, 3.4). Throws SigningUnavailableError. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /**
   * Why it cannot sign, as last seen. A SigningUnavailableError says that what signs is away, for every server; any other
   * error, that this server lacks something.
   */
  failure(): unknown;
  /** Tries again in the background whether it can sign, unless that is known: `failure` has the outcome. */
  check(): void;
}

/**
 * Decrypts and imports the key, once, or tries it where it is in KMS; what is returned signs with it and does not give it
 * away. Throws as `unprotectKey` and `kmsSigningKey`, and `settings_invalid` if private and public key are not of each
 * other.
 */
export async function openSigner(
  key: SigningKey,
  issuer: string,
  protector: KeyProtector | undefined,
): Promise<Signer> {
  const protection = parseProtection(key.protection, key.kid);
  if (protection?.by === "aws-kms-key") {
    // Imported lazily: most servers have no key in KMS.
    const { openKmsSigner } = await import("./kms.ts");
    return await openKmsSigner(key, protection.arn, process.env);
  }
  const { jwk } = await unprotectKey(key, issuer, protector);
  try {
    const { kty, crv, x, y, d } = JSON.parse(jwk);
    const privateKey = createPrivateKey({ key: { kty, crv, x, y, d }, format: "jwk" });
    if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("it is not on the curve P-256");
    const signing = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
    // On this thread: WebCrypto signs on another, and the way there and back costs more than the signature (20 µs).
    return { sign: async (data) => sign("sha256", data, signing), failure: () => undefined, check: () => {} };
  } catch (error) {
    throw new VouchError("settings_invalid", `The signing key ${key.kid} in the database is no ES256 key.`, {
      hint: "Its row is damaged: restore a backup.",
      cause: error,
    });
  }
}

/** The key as the JWKS has it (RFC 7517, 4): nothing private. */
export function publicJwk({ kid, jwk }: NewSigningKey): JWK {
  const { kty, crv, x, y } = JSON.parse(jwk);
  return { kty, crv, x, y, kid, alg: "ES256", use: "sig" };
}
