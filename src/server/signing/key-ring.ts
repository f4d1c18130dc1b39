/** The signing keys as a running server has them: read and imported ahead of need, so that no request waits for them. */
import type { JWK } from "jose";
import { VouchError } from "../../base/errors.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store } from "../store/store.ts";
import { statusesAt } from "./life-cycle.ts";
import { isRotationDue, removeGone, rotateIfDue } from "./rotation.ts";
import type { KeyProtector } from "./protection.ts";
import { keyMaker, openSigner, publicJwk, type Signer } from "./signing-key.ts";
import { SigningUnavailableError } from "./unavailable.ts";

export interface KeyRingOptions {
  store: Store;
  /** The server's URL. */
  issuer: string;
  /** The key-encryption key; without it, keys are in clear text. */
  protector: KeyProtector | undefined;
  /** This machine's clock, in seconds since 1970. */
  now: () => number;
}

export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: SigningKey[] = [];
  #signers = new Map<string, Signer>();
  /** The database's clock minus this machine's, in seconds. */
  #offset = 0;

  private constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Reads the keys. Throws `settings_missing` without a key, and as `refresh`. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options);
    await ring.refresh();
    return ring;
  }

  /**
   * Reads the keys and the database's clock again, and opens those that are new. If the database cannot be read, nothing
   * has changed. If a key cannot be opened it is published all the same, and then that error is thrown (`openSigner`).
   */
  async refresh(): Promise<void> {
    const { store, issuer, protector, now } = this.#options;
    const keys = await store.signingKeys.all();
    if (keys.length === 0)
      throw new VouchError("settings_missing", "The database has no signing key.", {
        hint: "Run `vouch server init --url https://YOUR-HOST`: it makes one.",
      });
    const offset = (await store.time(now())) - now();
    const signers = new Map<string, Signer>();
    let failure: unknown;
    for (const { key, state } of statusesAt(keys, now() + offset)) {
      // A retired key signs nothing more.
      if (state !== "signing" && state !== "published") continue;
      try {
        signers.set(key.kid, this.#signers.get(key.kid) ?? (await openSigner(key, issuer, protector)));
      } catch (error) {
        failure ??= error;
      }
    }
    this.#keys = keys;
    this.#signers = signers;
    this.#offset = offset;
    if (failure !== undefined) throw failure;
  }

  /** Removes the keys whose tokens have ended, and makes the next one if it is due. Returns what it did, for the log. */
  async upkeep(rotateEverySeconds: number | undefined): Promise<string[]> {
    const { store, issuer, protector } = this.#options;
    const time = this.#time();
    const done: string[] = [];
    if (statusesAt(this.#keys, time).some(({ state }) => state === "gone")) {
      for (const { kid } of await removeGone(store, time)) done.push(`the tokens of ${kid} have ended: removed`);
    }
    if (rotateEverySeconds !== undefined && isRotationDue(this.#keys, time, rotateEverySeconds)) {
      const made = await rotateIfDue(store, time, rotateEverySeconds, keyMaker(issuer, protector));
      if (made) done.push(`${made.kid} is published, and signs from ${new Date(made.signsFrom * 1000).toISOString()}`);
      // Also where another replica was first.
      await this.refresh();
    }
    return done;
  }

  /** The public keys of all that are published, as a JWK set (RFC 7517, 5), the newest first. */
  jwks(): { keys: JWK[] } {
    const live = statusesAt(this.#keys, this.#time()).filter(({ state }) => state !== "gone");
    return { keys: live.map(({ key }) => publicJwk(key)) };
  }

  /** The key that signs now. Throws SigningUnavailableError if it could not be opened. */
  signer(): { kid: string; jwk: JWK; signer: Signer } {
    const { key } = statusesAt(this.#keys, this.#time()).find(({ state }) => state === "signing")!;
    const signer = this.#signers.get(key.kid);
    if (signer === undefined) throw new SigningUnavailableError(`the signing key ${key.kid} could not be opened`);
    return { kid: key.kid, jwk: publicJwk(key), signer };
  }

  #time(): number {
    return this.#options.now() + this.#offset;
  }
}
