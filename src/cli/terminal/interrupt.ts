/** Ctrl-C while work is under way that must be called off properly (a security key that waits for a touch). */
import { VouchError } from "../../base/errors.ts";

/** How long called-off work may take to end by itself. */
const graceMs = 3000;

/**
 * Runs work with a signal that SIGINT, SIGTERM, SIGHUP or SIGQUIT aborts. After that the work has three seconds to call off
 * what it began; then, or at a second signal, it is left. Throws `cancelled` when it was interrupted.
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
