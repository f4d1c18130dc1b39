/** A person in front of a ceremony: types the given PINs in turn, and remembers what was asked of them. */
import { Secret } from "../../../src/base/secret.ts";
import type {
  Account,
  CeremonyUi,
  FingerprintRequest,
  NewPinRequest,
  PinRequest,
} from "../../../src/fido/webauthn/ceremony-ui.ts";

export interface Person extends CeremonyUi {
  readonly pinRequests: PinRequest[];
  readonly newPinRequests: NewPinRequest[];
  readonly fingerprintRequests: FingerprintRequest[];
  /** What the person was told, in the order in which it was said. */
  readonly told: string[];
  readonly touches: string[];
  readonly accounts: Account[];
  /** Index of the account that was proposed last. */
  own: number | undefined;
}

interface Behaviour {
  /** The new PINs, when the person is ready to set one. */
  newPins?: string[];
  /** Rather types the PIN than touch the sensor. */
  prefersPin?: boolean;
  /** Has the PIN of a key changed that may not be enrolled. */
  changesPin?: boolean;
}

/** @param choice the index of the account to pick; without it the person is not asked */
export function person(pins: string[] = ["123456"], choice?: number, behaviour: Behaviour = {}): Person {
  const typed = [...pins];
  const newPins = [...(behaviour.newPins ?? [])];
  const next = (from: string[]) => {
    const pin = from.shift();
    return pin === undefined ? Promise.reject(new Error("no PIN is left to type")) : Promise.resolve(new Secret(pin));
  };
  const one: Person = {
    pinRequests: [],
    newPinRequests: [],
    fingerprintRequests: [],
    told: [],
    touches: [],
    accounts: [],
    own: undefined,
    pin(request) {
      one.pinRequests.push(request);
      return next(typed);
    },
    offerPin: () => Promise.resolve(behaviour.newPins !== undefined),
    newPin(request) {
      one.newPinRequests.push(request);
      return next(newPins);
    },
    confirmPinChange() {
      one.told.push("no credential is shown");
      return Promise.resolve(behaviour.changesPin === true);
    },
    newPinSet: (reason) => void one.told.push(`new PIN: ${reason}`),
    touch: (product) => void one.touches.push(product),
    fingerprint(request, over) {
      one.fingerprintRequests.push(request);
      if (behaviour.prefersPin === true) return Promise.resolve(true);
      return new Promise((resolve) => over.addEventListener("abort", () => resolve(false)));
    },
    notStored: (_, reason) => void one.told.push(`not stored: ${reason}`),
  };
  if (choice !== undefined) {
    one.chooseAccount = (offered, own) => {
      one.own = own;
      one.accounts.push(...offered);
      return Promise.resolve(choice);
    };
  }
  return one;
}
