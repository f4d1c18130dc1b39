/** Messages while waiting for a security key to be plugged in or chosen. */
import type { KeySelectionOptions } from "../../fido/hid/key-selection.ts";
import { modelOf } from "../../fido/webauthn/authenticator-model.ts";
import { announce as announceOnTerminal } from "../terminal/prompt.ts";
import { secondsInWords } from "../../base/words/duration.ts";

/** The messages, each said by `announce`. */
export function announcements(announce: (line: string) => void) {
  return {
    onWaiting: (leftMs) => announce(`Plug in your security key. Waiting for ${seconds(leftMs)}…`),
    onSelect: (products) => announce(`Touch the security key that you want to use: ${products.join(", ")}.`),
    onLeftOut: ({ message }) => announce(`${message} It is left out.`),
    onSilent: (product, leftMs) =>
      announce(
        `${product} does not answer: another program may be waiting for a touch on it. Asking again for ${seconds(leftMs)}…`,
      ),
    modelOf,
    onBusy: (product) => announce(`${product} is busy with another program. Waiting until it is free…`),
  } satisfies KeySelectionOptions;
}

export const selectionAnnouncements = announcements(announceOnTerminal);

/** Formats a wait in whole seconds, rounded up so that it is never 0. */
function seconds(milliseconds: number): string {
  return secondsInWords(Math.max(1, Math.ceil(milliseconds / 1000)) * 1000);
}
