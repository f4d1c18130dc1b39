/** A cache of values that expire: single flight per key, renewal ahead of need, negative caching of failures. */
import type { Clock } from "../../base/clock.ts";
import { checkExpiration } from "./expiration.ts";

/** A fetched value has an expiration: seconds since 1970. */
interface Expiring {
  expiration: number;
}

interface Entry<Value> {
  value?: Value;
  pending?: Promise<Value>;
  /** The last failure, its time, and how long the fetch took: milliseconds. */
  failure?: { error: unknown; at: number; spent: number };
}

/** Values with less time left are not served, in seconds. */
const usableSeconds = 60;
/** Values with less time left are renewed in the background while they are still served, in seconds. */
export const renewalSeconds = 600;
/** Minimum time for which a failure is served from the cache; otherwise as long as the fetch took. Milliseconds. */
const failureHoldMs = 1_000;
/**
 * Time for which a failure is served to callers that can do without the value, while the next attempt runs in the
 * background; milliseconds.
 */
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
   * The cached value, at least a minute before its end; `fetch` is called if it is missing, and in the background if it
   * ends soon and `mayRenew`. An aborted caller does not cancel the fetch for others. Throws the errors of `fetch`, and
   * `aws_error` for a value that has ended or never will.
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
   * As `get`, for a caller that can do without: a failure of the last minutes is served at once, and the fetch is
   * retried in the background.
   */
  async getUnlessFailing(key: string, fetch: () => Promise<Value>, mayRenew = true): Promise<Value> {
    const entry = this.#entry(key);
    const { failure } = entry;
    const isRemembered = failure !== undefined && this.#clock.elapsed() - failure.at < failureMemoryMs;
    if (!isRemembered || this.peek(key) !== undefined) return this.get(key, fetch, mayRenew);
    this.#renew(entry, fetch);
    throw failure.error;
  }

  /** Forgets every failure: its reason may be gone. */
  forgetFailures(): void {
    for (const entry of this.#entries.values()) delete entry.failure;
  }

  /** The cached value, if it can still be served. */
  peek(key: string): Value | undefined {
    const value = this.#entries.get(key)?.value;
    return value !== undefined && this.#secondsLeft(value) >= usableSeconds ? value : undefined;
  }

  /** Caches a value that another process has fetched. Throws `aws_error` as `get`. */
  set(key: string, value: Value): void {
    checkExpiration(value.expiration, this.#clock.now(), this.#maxSeconds, this.#what);
    const entry = this.#entry(key);
    entry.value = value;
    delete entry.failure;
  }

  /** The reason of the last failed fetch of the key; undefined if it succeeded. */
  lastFailure(key: string): unknown {
    return this.#entries.get(key)?.failure?.error;
  }

  /** Drops the value, if it is still this one. */
  drop(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry?.value === value) delete entry.value;
  }

  #renew(entry: Entry<Value>, fetch: () => Promise<Value>): void {
    if (entry.pending || this.#heldFailure(entry)) return;
    // The failure is kept in the entry; a valid value is still served.
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
