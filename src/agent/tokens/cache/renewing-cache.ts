/** A cache of values that expire: single flight per key, renewal ahead of need, negative caching of failures. */
import type { Clock } from "../../../base/clock.ts";
import { checkExpiration } from "./expiration.ts";
import { type Failure, failureOf, cachedError, cachedForMs, isUsable, backoffMs } from "./negative-cache.ts";

/** A fetched value has an expiration: seconds since 1970. */
interface Expiring {
  expiration: number;
}

/** Fetches a value; calls `asked` when only the value's own service is still to answer. */
type Fetch<Value> = (asked: () => void) => Promise<Value>;

interface Entry<Value> {
  value?: Value;
  pending?: Promise<Value>;
  /** Resolves when the service is asked, with the time in milliseconds of the monotonic clock. */
  asked?: Promise<number>;
  failure?: Failure;
}

/** What a caller that can do without the value waits for. */
export interface Patience {
  /** How long the value's own service may take, in milliseconds. */
  ms: number;
  /** The error for one that takes longer. */
  late: () => unknown;
}

/** Values with less time left are not served, in seconds. */
const usableSeconds = 60;
/** Values with less time left are renewed in the background while they are still served, in seconds. */
export const renewalSeconds = 600;

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
   * ends soon and `mayRenew`. An aborted caller does not cancel the fetch for others. Throws the errors of `fetch`, also
   * one that is held, and `aws_error` for a value that has ended or never will.
   */
  async get(key: string, fetch: Fetch<Value>, mayRenew = true): Promise<Value> {
    const entry = this.#entry(key);
    const value = this.peek(key);
    if (value !== undefined) {
      if (mayRenew && this.#secondsLeft(value) < renewalSeconds) this.#renew(entry, fetch);
      return value;
    }
    if (entry.pending) return entry.pending;
    const { failure } = entry;
    const held = failure === undefined ? 0 : cachedForMs(failure, this.#clock.elapsed());
    if (failure !== undefined && held > 0) throw cachedError(failure, held);
    return this.#start(entry, fetch);
  }

  /**
   * As `getPatiently`, for a caller that can do without: a failure of the last minutes is served at once, and the fetch is
   * retried in the background; one that takes longer than `patience` goes on there, too.
   */
  async getUnlessFailing(key: string, fetch: Fetch<Value>, patience: Patience, mayRenew = true): Promise<Value> {
    const entry = this.#entry(key);
    const { failure } = entry;
    if (this.peek(key) === undefined && failure !== undefined && isUsable(failure, this.#clock.elapsed())) {
      this.#renew(entry, fetch);
      throw failure.error;
    }
    return this.getPatiently(key, fetch, patience, mayRenew);
  }

  /** As `get`, but a fetch that takes longer than `patience` goes on in the background. */
  async getPatiently(key: string, fetch: Fetch<Value>, patience: Patience, mayRenew = true): Promise<Value> {
    const value = this.get(key, fetch, mayRenew);
    return this.#patiently(value, this.#entry(key), patience);
  }

  /** Resolves when only the service of the fetch in progress is still to answer; at once if there is none. */
  async whenAsked(key: string): Promise<void> {
    await this.#entries.get(key)?.asked;
  }

  /** Whether the last fetch of any key has failed. */
  get hasFailures(): boolean {
    return this.#entries.values().some(({ failure }) => failure !== undefined);
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

  /** The value, or the error of one that is late. */
  async #patiently(value: Promise<Value>, { pending, asked }: Entry<Value>, patience: Patience): Promise<Value> {
    if (pending === undefined || asked === undefined) return value;
    const { promise: late, reject } = Promise.withResolvers<never>();
    let timer: Timer | undefined;
    let isOver = false;
    const count = async () => {
      const at = await asked;
      const left = patience.ms - (this.#clock.elapsed() - at);
      if (!isOver) timer = setTimeout(() => reject(patience.late()), Math.max(0, left));
    };
    void count();
    try {
      return await Promise.race([value, late]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }

  #renew(entry: Entry<Value>, fetch: Fetch<Value>): void {
    const { pending, failure } = entry;
    if (pending || (failure && backoffMs(failure, this.#clock.elapsed()) > 0)) return;
    // The failure is kept in the entry; a valid value is still served.
    this.#start(entry, fetch).catch(() => undefined);
  }

  #start(entry: Entry<Value>, fetch: Fetch<Value>): Promise<Value> {
    const begun = this.#clock.elapsed();
    const asked = Promise.withResolvers<number>();
    const pending = (async () => {
      try {
        const value = await fetch(() => asked.resolve(this.#clock.elapsed()));
        checkExpiration(value.expiration, this.#clock.now(), this.#maxSeconds, this.#what);
        entry.value = value;
        if (entry.failure?.unreachable) this.#tryUnreachable();
        delete entry.failure;
        return value;
      } catch (error) {
        entry.failure = failureOf(error, entry.failure, begun, this.#clock.elapsed());
        throw error;
      } finally {
        delete entry.pending;
        delete entry.asked;
      }
    })();
    entry.pending = pending;
    entry.asked = asked.promise;
    return pending;
  }

  #entry(key: string): Entry<Value> {
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = {}));
    return entry;
  }

  /** Somebody who was unreachable has answered, so the network may be back for the others: nothing is held. */
  #tryUnreachable(): void {
    for (const { failure } of this.#entries.values()) {
      if (failure?.unreachable) Object.assign(failure, { at: -Infinity, unreachable: 0 });
    }
  }

  #secondsLeft(value: Value): number {
    return value.expiration - this.#clock.now() / 1000;
  }
}
