/** What a running server does for the signing keys at intervals. */
import { databaseFailure } from "../store/failure.ts";
import { OngoingFailure } from "../ongoing-failure.ts";
import { settledWithin } from "../settled-within.ts";
import type { KeyRing } from "./key-ring.ts";
import { refreshSeconds } from "./life-cycle.ts";

/** How long a server that stops waits for what is under way, in milliseconds: KMS may be away. */
const stopMs = 5_000;

type Log = (event: "signing_keys_changed" | "signing_keys_failed", detail: string) => void;

/**
 * Reads the keys at intervals (milliseconds; by default `refreshSeconds`), removes those whose tokens have ended, and makes
 * the next one when it is due: each for itself, so that a KMS that is away delays no change of keys. The log has a failure
 * once, until it is over. Returns a function that stops it and waits for what is under way.
 */
export function keepKeys(
  keys: KeyRing,
  rotateEverySeconds: number | undefined,
  intervalMs: number | undefined,
  log: Log,
): () => Promise<void> {
  const failed = (reason: string): void => log("signing_keys_failed", reason);
  const tasks = [
    new Task(async () => {
      await keys.refresh();
      const [failure] = keys.failures();
      if (failure !== undefined) throw failure;
    }, failed),
    new Task(async () => {
      for (const change of await keys.upkeep(rotateEverySeconds)) log("signing_keys_changed", change);
    }, failed),
  ];
  const timer = setInterval(
    () => {
      for (const task of tasks) task.run();
    },
    intervalMs ?? refreshSeconds * 1000,
  );
  return async () => {
    clearInterval(timer);
    await settledWithin(Promise.all(tasks.map(async (task) => await task.running)), stopMs);
  };
}

/** Something done at intervals, one after the other. */
class Task {
  /** What is under way. */
  running: Promise<void> | undefined;
  readonly #work: () => Promise<void>;
  readonly #failure: OngoingFailure;

  constructor(work: () => Promise<void>, log: (reason: string) => void) {
    this.#work = work;
    this.#failure = new OngoingFailure(log);
  }

  run(): void {
    this.running ??= this.#try().finally(() => {
      this.running = undefined;
    });
  }

  async #try(): Promise<void> {
    try {
      await this.#work();
      this.#failure.report(undefined);
    } catch (error) {
      this.#failure.report(databaseFailure(error) ?? (error as Error).message);
    }
  }
}
