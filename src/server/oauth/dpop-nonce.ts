/**
 * Server-provided nonces of DPoP proofs (RFC 9449, 8): a proof with one was made in the last minutes, so that who once
 * used a client's key cannot keep proofs for later. They are times, signed by the issuer's key: nothing is stored, and
 * each replica knows those of the others by the public keys.
 */
import { createPublicKey, verify } from "node:crypto";
import type { KeyRing } from "../signing/key-ring.ts";

/** Seconds for which a nonce is accepted, and after which the next one is issued. */
export const nonceSeconds = 300;
const renewalSeconds = 120;
/** Seconds until a key that could not sign is tried again. */
const retrySeconds = 10;

/** Capacity for verified nonces: each replica issues one at a time, and a strange one is never kept. */
const maxKnown = 1_000;

/** How long an answer waits for a nonce where there is none that is good, in milliseconds. */
const waitMs = 1_000;

export class DpopNonces {
  readonly #issuer: string;
  readonly #keys: Pick<KeyRing, "signer" | "jwks">;
  readonly #now: () => number;
  #last: { nonce: string; issuedAt: number } | undefined;
  /** Seconds since 1970; undefined before the first. */
  #renewAt: number | undefined;
  #isRenewing = false;
  /** Whether the last attempt failed: then nothing waits for the next one. */
  #hasFailed = false;
  /** Resolves when the attempt has ended, or its `waitMs` are over. */
  #waited = Promise.resolve();
  /** Nonce → time of issue. */
  readonly #known = new Map<string, number>();

  /** `issuer` is the server's URL, `now` gives seconds since 1970. */
  constructor(issuer: string, keys: Pick<KeyRing, "signer" | "jwks">, now: () => number) {
    this.#issuer = issuer;
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * Returns the nonce for the next proof, and renews it in the background: while what signs is away, the last one as long
   * as it is accepted, then undefined. Waits only on a server that has been idle for longer than that, once per outage and
   * at most `waitMs`: where nonces are required, a challenge without one would be of no use.
   */
  async current(): Promise<string | undefined> {
    const now = this.#now();
    const due = this.#renewAt;
    if (!this.#isRenewing && (due === undefined || now >= due || now < due - renewalSeconds)) this.#renew(now);
    if (this.#good() === undefined) await this.#waited;
    return this.#good();
  }

  #good(): string | undefined {
    if (this.#last === undefined) return undefined;
    return this.#isFresh(this.#last.issuedAt) ? this.#last.nonce : undefined;
  }

  #renew(now: number): void {
    this.#isRenewing = true;
    this.#renewAt = now + renewalSeconds;
    const isFirst = !this.#hasFailed;
    const attempt = this.#attempt(now);
    if (isFirst) this.#waited = endOf(attempt, waitMs);
  }

  async #attempt(now: number): Promise<void> {
    const nonce = await this.#issue(now);
    this.#isRenewing = false;
    this.#hasFailed = nonce === undefined;
    if (nonce === undefined) this.#renewAt = now + retrySeconds;
    else this.#last = { nonce, issuedAt: now };
  }

  /** Returns whether a replica of this server has issued the nonce in the last five minutes. */
  accepts(nonce: string): boolean {
    const issuedAt = this.#known.get(nonce) ?? this.#verify(nonce);
    if (issuedAt === undefined) return false;
    return this.#isFresh(issuedAt);
  }

  #isFresh(issuedAt: number): boolean {
    const age = this.#now() - issuedAt;
    // Clocks of replicas may differ by as much as proofs may.
    return age >= -60 && age < nonceSeconds;
  }

  /** Never throws: what does not sign is reported by the readiness probe and the requests for tokens. */
  async #issue(now: number): Promise<string | undefined> {
    try {
      const signature = await this.#keys.signer().signer.sign(this.#signed(`${now}`));
      return `${now}.${Buffer.from(signature).toString("base64url")}`;
    } catch {
      return undefined;
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

/** Resolves when the promise does, or after `ms` milliseconds. */
async function endOf(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}
