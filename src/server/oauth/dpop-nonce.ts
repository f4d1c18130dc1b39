/**
 * Server-provided nonces of DPoP proofs (RFC 9449, 8): a proof with one was made in the last minutes, so that who once
 * used a client's key cannot keep proofs for later. They are times, signed by the issuer's key: nothing is stored, and
 * each replica knows those of the others by the public keys.
 */
import { createPublicKey, verify } from "node:crypto";
import type { KeyRing } from "../signing/key-ring.ts";
import { SigningUnavailableError } from "../signing/unavailable.ts";

/** Seconds for which a nonce is accepted, and after which the next one is issued. */
export const nonceSeconds = 300;
const renewalSeconds = 120;
/** Seconds until a key that could not sign is tried again. */
const retrySeconds = 10;

/** Capacity for verified nonces: each replica issues one at a time, and a strange one is never kept. */
const maxKnown = 1_000;

export class DpopNonces {
  readonly #issuer: string;
  readonly #keys: Pick<KeyRing, "signer" | "jwks">;
  readonly #now: () => number;
  /** The last one, or undefined if it could not be signed; replaced at `until`. */
  #current: { nonce: Promise<string | undefined>; until: number } | undefined;
  /** Nonce → time of issue. */
  readonly #known = new Map<string, number>();

  /** `issuer` is the server's URL, `now` gives seconds since 1970. */
  constructor(issuer: string, keys: Pick<KeyRing, "signer" | "jwks">, now: () => number) {
    this.#issuer = issuer;
    this.#keys = keys;
    this.#now = now;
  }

  /** Returns the nonce for the next proof; undefined while no key can sign. */
  async current(): Promise<string | undefined> {
    const now = this.#now();
    if (this.#current === undefined || now >= this.#current.until || now < this.#current.until - renewalSeconds) {
      const current = { nonce: this.#issue(now), until: now + renewalSeconds };
      this.#current = current;
      if ((await current.nonce) === undefined) current.until = now + retrySeconds;
    }
    return await this.#current.nonce;
  }

  /** Returns whether a replica of this server has issued the nonce in the last five minutes. */
  accepts(nonce: string): boolean {
    const issuedAt = this.#known.get(nonce) ?? this.#verify(nonce);
    if (issuedAt === undefined) return false;
    const age = this.#now() - issuedAt;
    // Clocks of replicas may differ by as much as proofs may.
    return age >= -60 && age < nonceSeconds;
  }

  async #issue(now: number): Promise<string | undefined> {
    try {
      const signature = await this.#keys.signer().signer.sign(this.#signed(`${now}`));
      return `${now}.${Buffer.from(signature).toString("base64url")}`;
    } catch (error) {
      if (error instanceof SigningUnavailableError) return undefined;
      throw error;
    }
  }

  /** Returns the time of issue of a nonce that a published key has signed. */
  #verify(nonce: string): number | undefined {
    const [, time = "", signature = ""] = /^(\d{1,12})\.([\w-]{86})$/.exec(nonce) ?? [];
    if (time === "") return undefined;
    const signed = this.#signed(time);
    const bytes = Buffer.from(signature, "base64url");
    const isOurs = this.#keys.jwks().keys.some((key) => {
      const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
      return verify("sha256", signed, { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes);
    });
    if (!isOurs) return undefined;
    const [oldest] = this.#known.size >= maxKnown ? this.#known.keys() : [];
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(nonce, Number(time));
    return Number(time);
  }

  /** The spaces keep it apart from the signing input of a JWS (RFC 7515, 5.1). */
  #signed(time: string): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(`vouch dpop nonce 1 ${this.#issuer} ${time}`);
  }
}
