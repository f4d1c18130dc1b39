/** A person who types the right PIN, a few times, and takes the last account. */
import { VouchError } from "../../../src/base/errors.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { CeremonyUi } from "../../../src/fido/webauthn/ceremony-ui.ts";
import { pin } from "../corpus.ts";

/** How often they type it before they give up. */
const MAX_PINS = 8;

export function person(): CeremonyUi {
  let typed = 0;
  const type = () => {
    typed += 1;
    if (typed > MAX_PINS) return Promise.reject(new VouchError("cancelled", "Cancelled."));
    return Promise.resolve(new Secret(pin));
  };
  return {
    pin: type,
    offerPin: () => Promise.resolve(true),
    newPin: type,
    confirmPinChange: () => Promise.resolve(true),
    newPinSet: () => {},
    touch: () => {},
    fingerprint: (_, over) =>
      new Promise((resolve) => {
        if (over.aborted) resolve(false);
        over.addEventListener("abort", () => resolve(false), { once: true });
      }),
    notStored: () => {},
    chooseAccount: (accounts) => Promise.resolve(accounts.length - 1),
  };
}
