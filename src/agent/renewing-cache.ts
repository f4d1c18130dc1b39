/** Values that end and are fetched anew: one fetch for all who ask at the same time, renewed ahead of need. */
import type { Clock } from "./clock.ts";

/** What is fetched says when it ends: seconds since 1970. */
interface Expiring {
  expiration: number;
}

interface Entry<Value> {
  value?: Value;
  pending?: Promise<Value>;
  failure?: { error: unknown; at: number };
}

/** A value with less than this left is not given out any more, in seconds. */
const usableSeconds = 60;
/** A value with less than this left is fetched anew while it is still given out, in seconds. */
export const renewalSeconds = 600;
/** For so long a failure answers for the next who ask, so that a storm of helpers is not passed on; milliseconds. */
const failureHoldMs = 1_000;

export class RenewingCache<Value extends Expiring> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The value under the key, at least a minute before it ends; `fetch` makes it when it is missing, and behind the
   * scenes when it ends soon and `mayRenew`. A caller that goes away cancels nothing for the others.
   * Throws what `fetch` throws.
   */
  async get(key: string, fetch: () => Promise<Value>, mayRenew = true): Promise<Value> {
    const entry = this.#entry(key);
    const value = this.peek(key);
    if (value !== undefined) {
      if (mayRenew && this.#secondsLeft(value) < renewalSeconds) this.#renew(entry, fetch);
      return value;
    }
    if (entry.pending) return entry.pending;
    if (this.#heldFailure(entry)) throw entry.failure?.error;
    return this.#start(entry, fetch);
  }

  /** The value under the key while it can be given out. */
  peek(key: string): Value | undefined {
    const value = this.#entries.get(key)?.value;
    return value !== undefined && this.#secondsLeft(value) >= usableSeconds ? value : undefined;
  }

  /** Keeps a value that somebody else has fetched. */
  set(key: string, value: Value): void {
    this.#entry(key).value = value;
  }

  /** Why the last fetch under the key failed; undefined when it succeeded. */
  lastFailure(key: string): unknown {
    return this.#entries.get(key)?.failure?.error;
  }

  /** Drops the value, when it is still this one. */
  drop(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry?.value === value) delete entry.value;
  }

  #renew(entry: Entry<Value>, fetch: () => Promise<Value>): void {
    if (entry.pending || this.#heldFailure(entry)) return;
    // The failure is kept in the entry; the value that is there goes on being given out.
    this.#start(entry, fetch).catch(() => undefined);
  }

  #start(entry: Entry<Value>, fetch: () => Promise<Value>): Promise<Value> {
    const pending = (async () => {
      try {
        const value = await fetch();
        entry.value = value;
        delete entry.failure;
        return value;
      } catch (error) {
        entry.failure = { error, at: this.#clock.elapsed() };
        throw error;
      } finally {
        delete entry.pending;
      }
    })();
    entry.pending = pending;
    return pending;
  }

  #entry(key: string): Entry<Value> {
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = {}));
    return entry;
  }

  #heldFailure({ failure }: Entry<Value>): boolean {
    return failure !== undefined && this.#clock.elapsed() - failure.at < failureHoldMs;
  }

  #secondsLeft(value: Value): number {
    return value.expiration - this.#clock.now() / 1000;
  }
}
