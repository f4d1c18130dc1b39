/** Rate limits: fixed one-minute windows, in memory, so per server process. */

import { HttpError } from "./failure.ts";

export type RateClass = "enroll" | "login" | "token" | "scim";

/** What requests are counted for once it is proved whose they are. */
export type Subject = "person" | "credential";

/** Requests a minute and address. Sized for an office behind one address, where all log in at the same hour. */
export const defaultRateLimits: Readonly<Record<RateClass, number>> = {
  enroll: 30,
  login: 120,
  token: 600,
  // Entra's first synchronisation sends some twenty a second.
  scim: 3000,
};

/** All requests of one person, and the touches of one security key, a minute: no fewer than one address may have. */
export const defaultSubjectLimits: Readonly<Record<Subject, number>> = { person: 1200, credential: 120 };

const windowSeconds = 60;
/** Memory limit: beyond this many windows, the oldest are evicted. */
const maxEntries = 50_000;

export class RateLimiter<Kind extends string> {
  readonly #limits: Readonly<Record<Kind, number>>;
  /** Ordered by the start of the window. */
  readonly #windows = new Map<string, { start: number; count: number }>();

  constructor(limits: Readonly<Record<Kind, number>>) {
    this.#limits = limits;
  }

  /**
   * Counts one request for `name`. Returns 0 if it is within the limit, else the seconds until the next window. `now` is
   * in seconds of a monotonic clock.
   */
  take(kind: Kind, name: string, now: number): number {
    const key = `${kind} ${name}`;
    const window = this.#windows.get(key);
    // A clock that goes backwards would extend the window by as much.
    if (window && now < window.start) window.start = now;
    if (window && now - window.start < windowSeconds) {
      window.count += 1;
      return window.count <= this.#limits[kind] ? 0 : Math.ceil(window.start + windowSeconds - now);
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

/** The network that counts as one client: an IPv6 subscriber has a /64. */
export function network(address: string): string {
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

/** Counts a request for a person or a security key. Returns the failure if there were too many. */
export type Count = (subject: Subject, id: string) => HttpError | undefined;

/** Returns a request's `Count`: asked again, also by a transaction that runs again, it says the same. */
export function countOnce(limiter: RateLimiter<Subject>, monotonic: () => number): Count {
  const waits = new Map<string, number>();
  return (subject, id) => {
    const key = `${subject} ${id}`;
    const wait = waits.get(key) ?? limiter.take(subject, id, monotonic());
    waits.set(key, wait);
    return wait === 0 ? undefined : tooMany(wait);
  };
}

/** The failure of a request for which there have been too many; `wait` in seconds. */
export function tooMany(wait: number): HttpError {
  return new HttpError(429, `Too many requests: try again in ${wait} s.`, { "retry-after": `${wait}` });
}
