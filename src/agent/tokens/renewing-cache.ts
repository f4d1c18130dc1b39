/** Values that end and are fetched anew: one fetch for all who ask at the same time, renewed ahead of need. */
import type { Clock } from "../../base/clock.ts";
import { checkExpiration } from "./expiration.ts";

/** What is fetched says when it ends: seconds since 1970. */
interface Expiring {
  expiration: number;
}

interface Entry<Value> {
  value?: Value;
  pending?: Promise<Value>;
  /** Why the last fetch failed, when, and how long it had taken: milliseconds. */
  failure?: { error: unknown; at: number; spent: number };
}

/** A value with less than this left is not given out any more, in seconds. */
const usableSeconds = 60;
/** A value with less than this left is fetched anew while it is still given out, in seconds. */
export const renewalSeconds = 600;
/** A failure answers for the next who ask as long as it took to come, and at least this long; milliseconds. */
const failureHoldMs = 1_000;
/** For so long it answers for those who can do without, while the next attempt runs behind the scenes; milliseconds. */
const failureMemoryMs = 5 * 60_000;

export class RenewingCache<Value extends Expiring> {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #maxSeconds: number;
  readonly #entries = new Map<string, Entry<Value>>();

  /** `what` names the values in errors; none may last longer than `maxSeconds`. */
  constructor(clock: Clock, what: string, maxSeconds: number) {
    this.#clock = clock;
    this.#what = what;
    this.#maxSeconds = maxSeconds;
  }

  /**
   * The value under the key, at least a minute before it ends; `fetch` makes it when it is missing, and behind the
   * scenes when it ends soon and `mayRenew`. A caller that goes away cancels nothing for the others.
   * Throws what `fetch` throws, and `aws_error` for a value that has ended or never will.
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

  /**
   * As `get`, for a caller that can do without: one that failed in the last minutes fails at once, and is tried again
   * behind the scenes.
   */
  async getUnlessFailing(key: string, fetch: () => Promise<Value>, mayRenew = true): Promise<Value> {
    const entry = this.#entry(key);
    const { failure } = entry;
    const isRemembered = failure !== undefined && this.#clock.elapsed() - failure.at < failureMemoryMs;
    if (!isRemembered || this.peek(key) !== undefined) return this.get(key, fetch, mayRenew);
    this.#renew(entry, fetch);
    throw failure.error;
  }

  /** Forgets every failure: what has been the reason may be gone. */
  forgetFailures(): void {
    for (const entry of this.#entries.values()) delete entry.failure;
  }

  /** The value under the key while it can be given out. */
  peek(key: string): Value | undefined {
    const value = this.#entries.get(key)?.value;
    return value !== undefined && this.#secondsLeft(value) >= usableSeconds ? value : undefined;
  }

  /** Keeps a value that somebody else has fetched. Throws `aws_error` as `get`. */
  set(key: string, value: Value): void {
    checkExpiration(value.expiration, this.#clock.now(), this.#maxSeconds, this.#what);
    const entry = this.#entry(key);
    entry.value = value;
    delete entry.failure;
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
    const begun = this.#clock.elapsed();
    const pending = (async () => {
      try {
        const value = await fetch();
        checkExpiration(value.expiration, this.#clock.now(), this.#maxSeconds, this.#what);
        entry.value = value;
        delete entry.failure;
        return value;
      } catch (error) {
        const at = this.#clock.elapsed();
        entry.failure = { error, at, spent: at - begun };
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
    return failure !== undefined && this.#clock.elapsed() - failure.at < Math.max(failureHoldMs, failure.spent);
  }

  #secondsLeft(value: Value): number {
    return value.expiration - this.#clock.now() / 1000;
  }
}
