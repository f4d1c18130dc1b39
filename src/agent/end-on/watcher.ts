/** Keeps a watch going that may fail: again after a pause that grows, and with the reason while it does not work. */
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../base/errors.ts";

/** The first pause, and the longest, in milliseconds. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/**
 * Watches until the signal is aborted; calls `working` once it does, with the error of what of it does not. Throws where
 * it cannot, or can no longer.
 */
export type Watch = (signal: AbortSignal, working: (partly?: unknown) => void) => Promise<void>;

export class Watcher {
  readonly #watch: Watch;
  readonly #stop = new AbortController();
  #failure: string | undefined = "the watch has not begun yet";

  constructor(watch: Watch) {
    this.#watch = watch;
    void this.#run();
  }

  /** Why it does not work now, as the end of a sentence. */
  get failure(): string | undefined {
    return this.#failure;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let pauseMs = firstPauseMs;
    const working = (partly?: unknown) => {
      this.#failure = partly === undefined ? undefined : wordsOf(partly);
      pauseMs = firstPauseMs;
    };
    while (!signal.aborted) {
      try {
        await this.#watch(signal, working);
      } catch (error) {
        this.#failure = wordsOf(error);
      }
      // An aborted pause ends the loop.
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }
}

/** Watches say themselves what is wrong; what a system call's failure is called by the runtime is not for people. */
function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined || error instanceof VouchError ? message : `the system refused what it needs (${code})`;
}

/** Resolves when the signal is aborted, or rejects with the reason that comes first. */
export async function untilAborted(signal: AbortSignal, ended: Promise<Error>): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort);
  try {
    const reason = await Promise.race([aborted, ended]);
    if (reason instanceof Error) throw reason;
  } finally {
    // The signal is that of all attempts.
    signal.removeEventListener("abort", onAbort);
  }
}
