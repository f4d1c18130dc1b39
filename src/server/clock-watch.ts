/** Notices a wall clock that was set back: sessions end by it, and would live longer. */

/** Ordinary corrections (NTP steps) in seconds, which change nothing. */
export const toleratedSetBack = 60;

export class ClockWatch {
  readonly #now: () => number;
  readonly #monotonic: () => number;
  /** The largest difference of the two clocks, in seconds. It grows when the clock is set forward or the machine sleeps. */
  #largest: number;

  /** Both clocks in seconds; only the first can be set. */
  constructor(now: () => number, monotonic: () => number) {
    this.#now = now;
    this.#monotonic = monotonic;
    this.#largest = this.#difference();
  }

  /** By how many seconds the clock was set back since the last `accept`; 0 up to `toleratedSetBack`. */
  setBackBy(): number {
    const difference = this.#difference();
    this.#largest = Math.max(this.#largest, difference);
    const seconds = this.#largest - difference;
    return seconds > toleratedSetBack ? Math.round(seconds) : 0;
  }

  /** Takes the clock as it is now for the right one. */
  accept(): void {
    this.#largest = this.#difference();
  }

  #difference(): number {
    return this.#now() - this.#monotonic();
  }
}
