/** What few may do at once, as it keeps the server busy: one at a time for each person, and a few in all. */

export interface Lease {
  /** Says that it goes on. */
  renew(): void;
  end(): void;
}

/** A lease that nobody has renewed for so long is over, whatever became of its holder, in seconds. */
const leaseSeconds = 60;

export class Leases {
  readonly #most: number;
  readonly #monotonic: () => number;
  /** By their holder: when they are over. */
  readonly #held = new Map<string, { until: number }>();

  /** At most `most` at once; `monotonic` in seconds. */
  constructor(most: number, monotonic: () => number) {
    this.#most = most;
    this.#monotonic = monotonic;
  }

  /** Gives the person a lease; `own` if they have one already, `all` if others have as many as there are. */
  take(person: string): Lease | "own" | "all" {
    const now = this.#monotonic();
    for (const [holder, { until }] of this.#held) if (until <= now) this.#held.delete(holder);
    if (this.#held.has(person)) return "own";
    if (this.#held.size >= this.#most) return "all";
    const held = { until: now + leaseSeconds };
    this.#held.set(person, held);
    return {
      renew: () => {
        held.until = this.#monotonic() + leaseSeconds;
      },
      end: () => {
        if (this.#held.get(person) === held) this.#held.delete(person);
      },
    };
  }
}
