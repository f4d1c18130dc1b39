/** What a person is told of PINs, on a terminal and in a dialogue. */
import type { PinFault } from "../../fido/ctap2/pin.ts";
import type { NewPinRequest, PinRequest } from "../../fido/webauthn/ceremony-ui.ts";

/** PIN retries after a correct PIN; with fewer left, warn before the next attempt. */
const allTries = 8;

/** The tries that are left, in a sentence. */
function triesLeft(retries: number): string {
  return retries === 1
    ? "One try is left: after another wrong PIN the key is blocked and must be reset, which deletes its credentials."
    : `${retries} tries are left.`;
}

/** Why the PIN is asked for, and what a person should know before; `product` is the key's product name. */
export function pinNotices(product: string, { retries, wrong, instead, mustChange }: PinRequest): string[] {
  const notices: string[] = [];
  if (instead === "sensor_blocked") {
    notices.push(
      "The fingerprint sensor is blocked after too many fingerprints that it does not know. The PIN unblocks it.",
    );
  } else if (instead === "not_recognised" && !wrong) {
    notices.push("The fingerprint was not recognised; type the PIN instead.");
  }
  if (mustChange && !wrong) {
    notices.push(`The security key (${product}) demands a new PIN before it is used. Type the present one first.`);
  }
  if (wrong) notices.push(`Wrong PIN. ${triesLeft(retries)}`);
  else if (retries < allTries) notices.push(triesLeft(retries));
  return notices;
}

/** Why a PIN is not taken. */
export function faultText(fault: PinFault | NonNullable<NewPinRequest["fault"]>): string {
  switch (fault.kind) {
    case "too_short":
      return `The PIN has at least ${fault.minLength} characters, got ${fault.length}.`;
    case "too_long":
      return `The PIN has at most ${fault.maxSize} bytes in UTF-8, got ${fault.size}.`;
    case "control_character":
      return "The PIN cannot contain control characters.";
    case "refused":
      return "The security key refuses this PIN by its own rules: choose another one.";
  }
}

/** The fingerprint was not recognised, and the tries that are left. */
export function wrongFinger(retries: number | undefined): string {
  const left = retries === undefined ? "" : retries === 1 ? " One try is left." : ` ${retries} tries are left.`;
  return `The fingerprint was not recognised.${left}`;
}
