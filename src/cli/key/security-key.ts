/** The security key in the hand of the person at the terminal: opened, used for a ceremony, and closed. */
import { setTimeout as delay } from "node:timers/promises";
import type { CtapDevice } from "../../fido/ctap2/device.ts";
import { getInfo } from "../../fido/ctap2/get-info.ts";
import { isCtapError } from "../../fido/ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import { openSecurityKey } from "../../fido/hid/keys.ts";
import type { CeremonyUi } from "../../fido/webauthn/ceremony-ui.ts";
import { ceremonyPrompts } from "./ceremony-prompts.ts";
import { deskAnnouncements } from "./waiting-prompts.ts";
import { untilInterrupted } from "../terminal/interrupt.ts";
import { announce } from "../terminal/prompt.ts";
import { secondsInWords } from "../terminal/time.ts";

/** How often a key that is to be taken out is asked whether it is still there. */
const pollMs = 300;

/** Three wrong PINs stop a key until it is plugged in again, eight in all block it: a key that stops more often is broken. */
const maxReplugs = 3;

/** What a WebAuthn ceremony needs of the command line. */
export interface CeremonyTools {
  device: CtapDevice;
  ui: CeremonyUi;
  signal: AbortSignal;
  timeoutMs: number;
}

/**
 * Opens the security key, performs a ceremony with it and closes it. Ctrl-C calls it off on the key. When the key takes
 * no more PINs until it has been without power, it is waited for and `perform` is called again with the key opened anew.
 * `timeoutSeconds` is the limit on each wait: for the key to be plugged in, for the touch, for being taken out.
 */
export function withSecurityKey<T>(timeoutSeconds: number, perform: (tools: CeremonyTools) => Promise<T>): Promise<T> {
  return untilInterrupted(async (signal) => {
    const timeoutMs = timeoutSeconds * 1000;
    for (let blocked = 0; ;) {
      const device = await openSecurityKey({ signal, timeoutMs, ...deskAnnouncements });
      try {
        return await perform({ device, ui: ceremonyPrompts(device.product), signal, timeoutMs });
      } catch (error) {
        if (!isCtapError(error, "PIN_AUTH_BLOCKED") || (blocked += 1) > maxReplugs) throw error;
        announce(error.message);
        announce(
          `Take it out (${device.product}) and plug it in again. Waiting for ${secondsInWords(timeoutSeconds)}…`,
        );
        if (!(await isTakenOut(device, signal, timeoutMs))) throw error;
      } finally {
        await device.close();
      }
    }
  });
}

/** Waits until the key has been taken out; false when it is still there after `timeoutMs`. */
async function isTakenOut(device: CtapDevice, signal: AbortSignal, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    try {
      await getInfo(device, { signal });
    } catch (error) {
      signal.throwIfAborted();
      // Whatever else went wrong, the key is still there.
      if (error instanceof VouchError && error.code === "security_key_removed") return true;
    }
    await delay(pollMs, undefined, { signal });
  }
  return false;
}
