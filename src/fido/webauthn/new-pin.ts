/** Asking the person for a new PIN until the key takes one. */
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { pinFault } from "../ctap2/pin.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { CeremonyUi, NewPinRequest } from "./ceremony-ui.ts";

/** What we demand of a new PIN, in code points; a key may demand more. */
export const minNewPinLength = 8;
/** New PINs that a key refuses by its own rules before we give up, and those that break ours as well. */
const maxRefusals = 3;
const maxNewPins = 10;

/**
 * @param reason why a new PIN is needed
 * @param send sets the PIN on the key; called for each PIN without a fault
 * @returns the PIN that the key took
 * @throws CtapError PIN_POLICY_VIOLATION after three refusals; VouchError `pin_policy` after ten PINs with faults; what
 *   `send` and the ui throw
 */
export async function chooseNewPin(
  { info, ui }: { info: AuthenticatorInfo; ui: CeremonyUi },
  reason: NewPinRequest["reason"],
  send: (newPin: Secret) => Promise<void>,
): Promise<Secret> {
  const minLength = Math.max(minNewPinLength, info.minPINLength);
  let fault: NewPinRequest["fault"];
  for (let given = 0, refusals = 0; given < maxNewPins; given += 1) {
    const newPin = await ui.newPin({ reason, minLength, fault });
    fault = pinFault(newPin, minLength);
    if (fault !== undefined) continue;
    try {
      await send(newPin);
      ui.newPinSet(reason);
      return newPin;
    } catch (error) {
      refusals += 1;
      if (!isCtapError(error, "PIN_POLICY_VIOLATION") || refusals === maxRefusals) throw error;
      fault = { kind: "refused" };
    }
  }
  throw new VouchError(
    "pin_policy",
    `Expected a PIN of at least ${minLength} characters, got none in ${maxNewPins} tries.`,
    { hint: "Think of one and repeat the command." },
  );
}
