/** A DPoP key of the tests: makes proofs (RFC 9449, 4.2), and wrong ones on demand. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export interface ProofOptions {
  method?: string;
  url: string;
  /** Seconds since 1970. */
  now: number;
  /** Replace or remove (undefined) claims and header parameters. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

export class DpopKey {
  readonly #privateKey: CryptoKey;
  readonly #jwk: JWK;

  private constructor(privateKey: CryptoKey, jwk: JWK) {
    this.#privateKey = privateKey;
    this.#jwk = jwk;
  }

  static async generate(): Promise<DpopKey> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    return new DpopKey(privateKey, await exportJWK(publicKey));
  }

  async proof(options: ProofOptions): Promise<string> {
    const claims = {
      jti: crypto.randomUUID(),
      htm: options.method ?? "POST",
      htu: options.url,
      iat: options.now,
      ...options.claims,
    };
    const header = { typ: "dpop+jwt", alg: "ES256", jwk: this.#jwk, ...options.header };
    if (header.alg === "none") {
      return `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;
    }
    return await new SignJWT(claims).setProtectedHeader(header).sign(this.#privateKey);
  }

  /** RFC 7638 thumbprint. */
  async thumbprint(): Promise<string> {
    return await calculateJwkThumbprint(this.#jwk);
  }

  /** The key with its private part, for a proof that gives too much away. */
  async privateJwk(): Promise<JWK> {
    return await exportJWK(this.#privateKey);
  }
}
