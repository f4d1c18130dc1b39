/** Time for tests of timeouts: it passes while the process waits, instead of the process waiting for it. */
import { jest } from "bun:test";

/** Turns of the event loop in which sockets of this process deliver what was sent before the next timer is due. */
const turnsPerTimer = 10;

/**
 * Runs the action with fake timers (`performance.now()` and `Date` included) and moves the time on to the next timer
 * whenever the event loop has had some turns to deliver what is under way. Only for what this process does by itself: the
 * time of other processes, threads and servers does not pass with it. What the action needs must begin within it.
 */
export async function inFastTime<T>(action: () => Promise<T>): Promise<T> {
  jest.useFakeTimers();
  try {
    let isSettled = false;
    const result = action().finally(() => (isSettled = true));
    result.catch(() => {});
    for (;;) {
      for (let turn = 0; turn < turnsPerTimer; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      if (isSettled) return await result;
      jest.advanceTimersToNextTimer();
    }
  } finally {
    jest.useRealTimers();
  }
}
