/** DPoP proofs (RFC 9449): each request proves possession of the key that the access token is bound to. */
import { createHash } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { Secret } from "../base/secret.ts";

export class DpopKey {
  readonly #privateKey: CryptoKey;
  readonly #publicJwk: JWK;

  private constructor(privateKey: CryptoKey, publicJwk: JWK) {
    this.#privateKey = privateKey;
    this.#publicJwk = publicJwk;
  }

  /** Generates a P-256 key with a non-extractable private key. */
  static async generate(): Promise<DpopKey> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: false });
    return new DpopKey(privateKey, await exportJWK(publicKey));
  }

  /**
   * The DPoP header of one request (RFC 9449, 4.2), with `issuedAt` in seconds since 1970. With an access token, the
   * proof is bound to it by its hash (`ath`); `nonce` is the server's, if it gave one.
   */
  async proof(
    method: string,
    url: string,
    {
      issuedAt,
      accessToken,
      nonce,
    }: { issuedAt: number; accessToken?: Secret | undefined; nonce?: string | undefined },
  ): Promise<string> {
    const ath = accessToken && createHash("sha256").update(accessToken.expose()).digest("base64url");
    const claims = { ...(ath ? { ath } : {}), ...(nonce === undefined ? {} : { nonce }) };
    return new SignJWT({ jti: crypto.randomUUID(), htm: method, htu: url, iat: issuedAt, ...claims })
      .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk: this.#publicJwk })
      .sign(this.#privateKey);
  }
}
