/** Runs a ceremony on the user's security key: open, perform, close, with prompts on the terminal or in dialogues. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../../fido/ctap2/device.ts";
import { getInfo } from "../../fido/ctap2/get-info.ts";
import { isCtapError } from "../../fido/ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import { openSecurityKey } from "../../fido/hid/keys.ts";
import type { CeremonyUi } from "../../fido/webauthn/ceremony-ui.ts";
import { chooseAsker } from "./chosen-asker.ts";
import { untilInterrupted } from "../terminal/interrupt.ts";
import { touchNotification } from "./touch-notification.ts";
import { secondsInWords } from "../../base/words/duration.ts";

/** Polling interval for the removal of a key. */
const pollMs = 300;

/**
 * Three wrong PINs lock a key until it is replugged, eight in all block it: a key that needs more replugs is broken.
 */
const maxReplugs = 3;

/** What the command line provides to a WebAuthn ceremony. */
export interface CeremonyTools {
  device: CtapDevice;
  ui: CeremonyUi;
  signal: AbortSignal;
  timeoutMs: number;
}

/**
 * Opens the security key, runs `perform` and closes the key. Ctrl-C cancels the operation on the key. If the key locks
 * its PIN until a power cycle, waits for a replug, reopens the key and calls `perform` again. `timeoutSeconds` limits
 * each wait: for plugging in, touch, and removal. `asks` says who asks for it, where that is another program.
 */
export function withSecurityKey<T>(
  timeoutSeconds: number,
  perform: (tools: CeremonyTools) => Promise<T>,
  asks?: string,
): Promise<T> {
  const notification = touchNotification(asks);
  return untilInterrupted(async (interrupted) => {
    await using asker = chooseAsker(interrupted, notification);
    const signal = AbortSignal.any([interrupted, asker.cancelled]);
    const timeoutMs = timeoutSeconds * 1000;
    for (let blocked = 0; ;) {
      const device = await openSecurityKey({ signal, timeoutMs, ...asker.selection }).finally(() =>
        notification.over(),
      );
      try {
        return await perform({ device, ui: asker.prompts(device.product), signal, timeoutMs });
      } catch (error) {
        if (!isCtapError(error, "PIN_AUTH_BLOCKED") || (blocked += 1) > maxReplugs) throw error;
        asker.announce(
          error.message,
          `Take it out (${device.product}) and plug it in again. Waiting for ${secondsInWords(timeoutSeconds * 1000)}…`,
        );
        if (!(await isTakenOut(device, signal, timeoutMs))) throw error;
      } finally {
        notification.over();
        await device.close();
      }
    }
  });
}

/** Waits for the removal of the key; false after `timeoutMs`. Throws `cancelled` if `signal` is aborted. */
export async function isTakenOut(device: CtapDevice, signal: AbortSignal, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    try {
      await getInfo(device, { signal });
    } catch (error) {
      signal.throwIfAborted();
      // Ignore other errors: the key is still plugged in.
      if (error instanceof VouchError && error.code === "security_key_removed") return true;
    }
    await delay(pollMs, undefined, { signal });
  }
  return false;
}
