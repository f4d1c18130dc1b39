/** Rate limit per client address: fixed one-minute windows, in memory, so per server process. */

export type RateClass = "enroll" | "login" | "token";

/** Requests a minute and address. Sized for an office behind one address, where all log in at the same hour. */
export const defaultRateLimits: Readonly<Record<RateClass, number>> = { enroll: 30, login: 120, token: 600 };

const windowSeconds = 60;
/** Memory limit: beyond this many windows, the oldest are evicted. */
const maxEntries = 50_000;

export class RateLimiter {
  readonly #limits: Readonly<Record<RateClass, number>>;
  /** Ordered by the start of the window. */
  readonly #windows = new Map<string, { start: number; count: number }>();

  constructor(limits: Readonly<Record<RateClass, number>>) {
    this.#limits = limits;
  }

  /**
   * Counts one request. Returns 0 if it is within the limit, else the seconds until the next window. `now` is in
   * seconds of a monotonic clock.
   */
  take(rateClass: RateClass, address: string, now: number): number {
    const key = `${rateClass} ${network(address)}`;
    const window = this.#windows.get(key);
    // A clock that goes backwards would extend the window by as much.
    if (window && now < window.start) window.start = now;
    if (window && now - window.start < windowSeconds) {
      window.count += 1;
      return window.count <= this.#limits[rateClass] ? 0 : Math.ceil(window.start + windowSeconds - now);
    }
    this.#windows.delete(key);
    this.#windows.set(key, { start: now, count: 1 });
    if (this.#windows.size > maxEntries) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    return 0;
  }
}

/** An IPv6 subscriber has a /64, which counts as one address. */
function network(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":");
  if (tail !== undefined) {
    const rest = tail === "" ? [] : tail.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(":");
}
