/**
 * How long statements wait for the write lock of another process. Bun.SQL waits on the event loop's own thread, so the
 * wait is short, and after one that was in vain there is none for a second: a lock that stays costs every request a
 * quick 503 and the process at most a tenth of its time.
 */
import type { Store } from "./store/store.ts";

const patienceMs = 100;
const pauseMs = 1000;

export class LockPatience {
  readonly #store: Store;
  #paused = false;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    await this.#store.waitForLock(patienceMs);
  }

  /** A statement met the lock of another process. */
  met(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#store.waitForLock(0).catch(() => {});
    setTimeout(() => {
      this.#paused = false;
      this.#store.waitForLock(patienceMs).catch(() => {});
    }, pauseMs).unref();
  }
}
