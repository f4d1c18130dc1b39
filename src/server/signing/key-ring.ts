/** The signing keys as a running server has them: read and imported ahead of need, so that no request waits for them. */
import type { JWK } from "jose";
import { VouchError } from "../../base/errors.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store } from "../store/store.ts";
import { statusesAt } from "./life-cycle.ts";
import { isRotationDue, removeGone, rotateIfDue } from "./rotation.ts";
import { importSigner, publicJwk, type Sign } from "./signing-key.ts";

export class KeyRing {
  readonly #store: Store;
  readonly #now: () => number;
  #keys: SigningKey[] = [];
  #signers = new Map<string, Sign>();
  /** The database's clock minus this machine's, in seconds. */
  #offset = 0;

  private constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Reads the keys; `now` is this machine's clock, in seconds since 1970. Throws `settings_missing` without a key. */
  static async open(store: Store, now: () => number): Promise<KeyRing> {
    const ring = new KeyRing(store, now);
    await ring.refresh();
    return ring;
  }

  /** Reads the keys and the database's clock again. If it throws, nothing has changed. */
  async refresh(): Promise<void> {
    const keys = await this.#store.signingKeys.all();
    if (keys.length === 0) throw new VouchError("settings_missing", "The database has no signing key.");
    const offset = (await this.#store.time(this.#now())) - this.#now();
    const signers = new Map<string, Sign>();
    for (const { key, state } of statusesAt(keys, this.#now() + offset)) {
      if (state === "gone") continue;
      signers.set(key.kid, this.#signers.get(key.kid) ?? (await importSigner(key)));
    }
    this.#keys = keys;
    this.#signers = signers;
    this.#offset = offset;
  }

  /** Removes the keys whose tokens have ended, and makes the next one if it is due. Returns what it did, for the log. */
  async upkeep(rotateEverySeconds: number | undefined): Promise<string[]> {
    const time = this.#time();
    const done: string[] = [];
    if (statusesAt(this.#keys, time).some(({ state }) => state === "gone")) {
      for (const { kid } of await removeGone(this.#store, time)) done.push(`the tokens of ${kid} have ended: removed`);
    }
    if (rotateEverySeconds !== undefined && isRotationDue(this.#keys, time, rotateEverySeconds)) {
      const made = await rotateIfDue(this.#store, time, rotateEverySeconds);
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

  /** The key that signs now. */
  signer(): { kid: string; sign: Sign } {
    const { kid } = statusesAt(this.#keys, this.#time()).find(({ state }) => state === "signing")!.key;
    return { kid, sign: this.#signers.get(kid)! };
  }

  #time(): number {
    return this.#now() + this.#offset;
  }
}
