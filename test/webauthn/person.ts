/** A person in front of a ceremony: types the given PINs in turn, and remembers what was asked of them. */
import { Secret } from "../../src/secret.ts";
import type { Account, CeremonyUi, PinRequest } from "../../src/webauthn/ceremony-ui.ts";

export interface Person extends CeremonyUi {
  readonly pinRequests: PinRequest[];
  readonly touches: string[];
  readonly accounts: Account[];
}

/** @param choice the index of the account to pick; without it the person is not asked */
export function person(pins: string[] = ["123456"], choice?: number): Person {
  const pinRequests: PinRequest[] = [];
  const touches: string[] = [];
  const accounts: Account[] = [];
  const typed = [...pins];
  const one: Person = {
    pinRequests,
    touches,
    accounts,
    pin(request) {
      pinRequests.push(request);
      const pin = typed.shift();
      return pin === undefined ? Promise.reject(new Error("no PIN is left to type")) : Promise.resolve(new Secret(pin));
    },
    touch: (product) => void touches.push(product),
  };
  if (choice !== undefined) {
    one.chooseAccount = (offered) => {
      accounts.push(...offered);
      return Promise.resolve(choice);
    };
  }
  return one;
}
