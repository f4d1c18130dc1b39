/** Graceful Ctrl-C for work that needs cleanup, such as cancelling a security key that waits for a touch. */
import { VouchError } from "../../base/errors.ts";

/** Grace period for aborted work. */
const graceMs = 3000;

/**
 * Runs `work` with an AbortSignal that SIGINT, SIGTERM, SIGHUP or SIGQUIT aborts. Then `work` has three seconds for
 * its cleanup; after that, or on a second signal, it is abandoned. Throws `cancelled` if interrupted.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { promise: left, reject } = Promise.withResolvers<never>();
  let timer: Timer | undefined;
  const onSignal = (): void => {
    const cancelled = new VouchError("cancelled", "Cancelled.");
    if (controller.signal.aborted) return reject(cancelled);
    controller.abort(cancelled);
    timer = setTimeout(() => reject(cancelled), graceMs);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await Promise.race([work(controller.signal), left]);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, onSignal);
  }
}
