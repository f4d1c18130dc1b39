/** Prompts for a new PIN until the key accepts one. */
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { pinFault } from "../ctap2/pin.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import type { CeremonyUi, NewPinRequest } from "./ceremony-ui.ts";

/** Minimum length of a new PIN, in code points; a key may require more. */
export const minNewPinLength = 8;
/** Limits on PINs that the key refuses by its own rules, and on all new PINs in one ceremony. */
const maxRefusals = 3;
const maxNewPins = 10;

/**
 * Prompts for a new PIN and returns the one that the key accepted. `reason` says why it is needed; `send` sets a valid
 * PIN on the key. Throws CtapError `PIN_POLICY_VIOLATION` after three refusals, `pin_policy` after ten invalid PINs,
 * and the errors of `send` and the ui.
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
