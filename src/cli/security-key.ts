/** The security key in the hand of the person at the terminal: opens it, asks for its PIN, announces the touch. */
import type { CtapDevice } from "../ctap2/device.ts";
import { openSecurityKey } from "../hid/keys.ts";
import type { Secret } from "../secret.ts";
import type { CeremonyUi, PinRequest } from "../webauthn/ceremony-ui.ts";
import { deskAnnouncements } from "./desk.ts";
import { untilInterrupted } from "./interrupt.ts";
import { announce, promptChoice, promptSecret } from "./prompt.ts";

/** What a WebAuthn ceremony needs of the command line. */
export interface CeremonyTools {
  device: CtapDevice;
  ui: CeremonyUi;
  signal: AbortSignal;
  timeoutMs: number;
}

/**
 * Opens the security key, performs a ceremony with it and closes it. Ctrl-C calls it off on the key.
 * `timeoutSeconds` is the limit on waiting for the key to be plugged in, and again on waiting for the touch.
 */
export function withSecurityKey<T>(timeoutSeconds: number, perform: (tools: CeremonyTools) => Promise<T>): Promise<T> {
  return untilInterrupted(async (signal) => {
    const timeoutMs = timeoutSeconds * 1000;
    const device = await openSecurityKey({ signal, timeoutMs, ...deskAnnouncements });
    try {
      return await perform({ device, ui: terminalUi(device.product), signal, timeoutMs });
    } finally {
      await device.close();
    }
  });
}

function terminalUi(product: string): CeremonyUi {
  return {
    pin: (request) => askPin(product, request),
    chooseAccount: (accounts) =>
      promptChoice(
        `The key (${product}) holds several accounts of this server:`,
        accounts.map(({ name, displayName }) => name ?? displayName ?? "an account without a name"),
      ),
    touch: (name) => announce(`Touch your security key (${name}).`),
  };
}

async function askPin(product: string, { retries, wrong, minLength }: PinRequest): Promise<Secret> {
  if (wrong) announce(`Wrong PIN.${retries === undefined ? "" : ` ${triesLeft(retries)}`}`);
  else if (retries !== undefined && retries <= 3) announce(triesLeft(retries));
  for (;;) {
    const pin = await promptSecret(`PIN of your security key (${product})`);
    const { length } = Array.from(pin.expose());
    if (length >= minLength) return pin;
    announce(`The PIN has at least ${minLength} characters, got ${length}. It was not sent to the key.`);
  }
}

function triesLeft(retries: number): string {
  return retries === 1
    ? "One try is left: after another wrong PIN the key is blocked and must be reset, which deletes its credentials."
    : `${retries} tries are left.`;
}
