/**
 * Time that passes only when nothing else is left to do: timers of the code under test fire in order and at once, and
 * `performance.now` tells their time. A minute of waiting costs microseconds, and a wait for nothing is seen as what it
 * is.
 */
import { Violation } from "./violation.ts";

interface Timer {
  at: number;
  call: () => void;
}

/** More turns than any honest exchange takes, with a flood of keepalives. */
const MAX_STEPS = 200_000;

const real = { setTimeout, clearTimeout, setImmediate, now: performance.now.bind(performance) };

/** Lets everything run that is ready to run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void real.setImmediate(resolve));
}

export class VirtualTime implements Disposable {
  /** In milliseconds. */
  now = 0;
  #timers: Timer[] = [];

  /** Takes the place of the timers and of the clock until it is disposed of. */
  constructor() {
    const set = (call: (...given: unknown[]) => void, delay = 0, ...given: unknown[]) => {
      const timer: Timer = { at: this.now + Math.max(0, delay), call: () => call(...given) };
      this.#timers.push(timer);
      return timer;
    };
    const clear = (timer: unknown) => {
      const index = this.#timers.indexOf(timer as Timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    performance.now = () => this.now;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    performance.now = real.now;
  }

  /** Forgets all timers: what one input left behind is nothing to the next. */
  reset(): void {
    this.#timers = [];
    this.now = 0;
  }

  /** Lets time pass until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    work.then(settle, settle);
    for (let step = 0; step < MAX_STEPS; step += 1) {
      await turn();
      if (settled) return work;
      if (!this.#pass()) throw new Violation("it waits for nothing that could ever come");
    }
    throw new Violation(`it was not done after ${MAX_STEPS} steps and ${Math.round(this.now)} ms of its own time`);
  }

  /** Goes to the next timer and fires it; false when there is none. */
  #pass(): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    if (next === undefined) return false;
    this.#timers.splice(this.#timers.indexOf(next), 1);
    this.now = Math.max(this.now, next.at);
    next.call();
    return true;
  }
}

/** Has the work be over, well or not, after at most so many milliseconds of virtual time. */
export async function within<T>(time: VirtualTime, most: number, work: () => Promise<T>): Promise<T> {
  const started = time.now;
  try {
    return await work();
  } finally {
    const took = time.now - started;
    // oxlint-disable-next-line no-unsafe-finally -- a Violation counts for more than what the work threw
    if (!(took <= most)) throw new Violation(`it took ${took} ms of its own time, its limits are ${most} ms`);
  }
}
