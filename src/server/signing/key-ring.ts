/** The signing keys as a running server has them: read and imported ahead of need, so that no request waits for them. */
import type { JWK } from "jose";
import { VouchError } from "../../base/errors.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store } from "../store/store.ts";
import { statusesAt } from "./life-cycle.ts";
import { isRotationDue, removeGone, rotateIfDue } from "./rotation.ts";
import type { KeyProtector } from "./protection.ts";
import { Opening } from "./opening.ts";
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

/** How long a server waits at its start for the key that signs, in milliseconds. */
const startWaitMs = 10_000;

export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: SigningKey[] = [];
  /** Of the keys that sign or will sign. */
  #openings = new Map<string, Opening>();
  /** The database's clock minus this machine's, in seconds. */
  #offset = 0;
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /**
   * Reads the keys, and waits for the one that signs. A key that waits, and AWS that is away, stop nothing: `failures` has
   * them. Throws as `refresh`, and as `openSigner` if this server cannot open the key that signs.
   */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options);
    await ring.refresh();
    const { opening } = ring.#signing();
    await opening.settled(startWaitMs);
    const failure = opening.failure();
    if (failure !== undefined && !(failure instanceof SigningUnavailableError)) throw failure;
    return ring;
  }

  /**
   * Reads the keys and the database's clock again: what has changed is published at once, and keys are opened in the
   * background, those again that could not be. Throws `settings_missing` without a key, and the database's errors; then
   * nothing has changed.
   */
  async refresh(): Promise<void> {
    // One after the other, so that what was read first does not replace what was read later.
    this.#reading = this.#reading.catch(() => {}).then(() => this.#read());
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { store, issuer, protector, now } = this.#options;
    const keys = await store.signingKeys.all();
    if (keys.length === 0) {
      throw new VouchError("settings_missing", "The database has no signing key.", {
        hint: "Run `vouch server init --url https://YOUR-HOST`: it makes one.",
      });
    }
    const offset = (await store.time(now())) - now();
    const openings = new Map<string, Opening>();
    for (const { key, state } of statusesAt(keys, now() + offset)) {
      // A retired key signs nothing more.
      if (state !== "signing" && state !== "published") continue;
      const opening = this.#openings.get(key.kid) ?? new Opening(key.kid);
      opening.begin(() => openSigner(key, issuer, protector));
      openings.set(key.kid, opening);
    }
    this.#keys = keys;
    this.#openings = openings;
    this.#offset = offset;
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

  /** The key that signs now. A signature waits for it to be opened, and throws SigningUnavailableError if it is not. */
  signer(): { kid: string; jwk: JWK; signer: Signer } {
    const { key, opening } = this.#signing();
    return { kid: key.kid, jwk: publicJwk(key), signer: opening };
  }

  /** Why keys could not be opened, or do not sign, as last seen: of the one that signs first. */
  failures(): unknown[] {
    const ordered = statusesAt(this.#keys, this.#time()).toReversed();
    return ordered.map(({ key }) => this.#openings.get(key.kid)?.failure()).filter((failure) => failure !== undefined);
  }

  #signing(): { key: SigningKey; opening: Opening } {
    const { key } = statusesAt(this.#keys, this.#time()).find(({ state }) => state === "signing")!;
    const opening = this.#openings.get(key.kid);
    if (opening === undefined) throw new SigningUnavailableError(`the signing key ${key.kid} is not open`);
    return { key, opening };
  }

  #time(): number {
    return this.#options.now() + this.#offset;
  }
}
