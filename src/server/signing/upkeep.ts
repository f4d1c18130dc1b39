/** What a running server does for the signing keys at intervals. */
import { databaseFailure } from "../store/failure.ts";
import type { KeyRing } from "./key-ring.ts";
import { refreshSeconds } from "./life-cycle.ts";

type Log = (event: "signing_keys_changed" | "signing_keys_failed", detail: string) => void;

/**
 * Reads the keys at intervals (milliseconds; by default `refreshSeconds`), removes those whose tokens have ended, and makes
 * the next one when it is due. The log has a failure once, until it is over. Returns a function that stops it and waits
 * for what is under way.
 */
export function keepKeys(
  keys: KeyRing,
  rotateEverySeconds: number | undefined,
  intervalMs: number | undefined,
  log: Log,
): () => Promise<void> {
  let failed: string | undefined;
  let running: Promise<void> | undefined;
  async function keep(): Promise<void> {
    try {
      await keys.refresh();
      for (const change of await keys.upkeep(rotateEverySeconds)) log("signing_keys_changed", change);
      failed = undefined;
    } catch (error) {
      const reason = databaseFailure(error) ?? (error as Error).message;
      if (reason !== failed) log("signing_keys_failed", reason);
      failed = reason;
    }
  }
  const timer = setInterval(
    () => {
      running ??= keep().finally(() => {
        running = undefined;
      });
    },
    intervalMs ?? refreshSeconds * 1000,
  );
  return async () => {
    clearInterval(timer);
    await running;
  };
}
