/** Prompts and messages of a WebAuthn ceremony on the terminal: one line per event. */
import { VouchError } from "../../base/errors.ts";
import type { StoredCredential } from "../../fido/ctap2/credential-management.ts";
import { pinFault } from "../../fido/ctap2/pin.ts";
import type { Secret } from "../../base/secret.ts";
import type {
  Account,
  CeremonyUi,
  FingerprintRequest,
  NewPinRequest,
  PinRequest,
} from "../../fido/webauthn/ceremony-ui.ts";
import { accountOf, askWhich, idOf } from "./credential-choice.ts";
import { faultText, pinNotices, wrongFinger } from "./pin-words.ts";
import type { TouchNotification } from "./touch-notification.ts";
import { green } from "../terminal/terminal.ts";
import { announce, announceUntilEnter, confirm, promptChoice, promptSecret } from "../terminal/prompt.ts";

/** Returns the terminal's prompts for a ceremony; `product` is the key's product name. */
export function ceremonyPrompts(product: string, notification: TouchNotification): CeremonyUi {
  return {
    pin: (request) => askPin(product, request),
    offerPin() {
      announce(`The security key (${product}) has no PIN yet, and Vouch accepts no key without one.`);
      return confirm("Set a PIN now?", true);
    },
    newPin: askNewPin,
    confirmPinChange() {
      announce(
        `The security key (${product}) demands a new PIN before it is used, and shows no credential of the Vouch server until then.`,
      );
      return confirm("Change its PIN all the same?", false);
    },
    newPinSet(reason) {
      const said =
        reason === "not_set"
          ? "The PIN is set. Remember it: it cannot be recovered, and eight wrong attempts lock the key."
          : "The PIN is changed.";
      announce(`${green("✓")} ${said}`);
    },
    touch(name) {
      announce(`Touch your security key (${name}).`);
      notification.awaited(name);
    },
    async fingerprint(request, over) {
      notification.awaited(request.product);
      // Questions may follow, also without another touch.
      over.addEventListener("abort", () => notification.over(), { once: true });
      const isPinWanted = await awaitFinger(request, over);
      if (isPinWanted) notification.over();
      return isPinWanted;
    },
    chooseRoom: askRoom,
    notStored(name, reason) {
      const why = reason === "full" ? "has no room for another credential" : "cannot store credentials";
      announce(
        `The security key (${name}) ${why}: this credential works only on machines whose settings have its id, such as this one.`,
      );
    },
    chooseAccount: (accounts, own) =>
      promptChoice(
        `The security key (${product}) holds several accounts of this server:`,
        accounts.map((account, index) => `${accountName(account)}${index === own ? "  this machine's" : ""}`),
        own,
      ),
  };
}

async function askPin(product: string, request: PinRequest): Promise<Secret> {
  for (const notice of pinNotices(product, request)) announce(notice);
  for (;;) {
    const pin = await promptSecret(`PIN of your security key (${product})`);
    const fault = pinFault(pin, request.minLength);
    if (fault === undefined) return pin;
    announce(`${faultText(fault)} It was not sent to the key.`);
  }
}

async function askNewPin({ minLength, fault }: NewPinRequest): Promise<Secret> {
  if (fault !== undefined) announce(`${faultText(fault)} It was not set.`);
  for (;;) {
    const first = await promptSecret(`New PIN (at least ${minLength} characters; letters are allowed)`);
    const found = pinFault(first, minLength);
    if (found !== undefined) {
      announce(`${faultText(found)} It was not set.`);
      continue;
    }
    const second = await promptSecret("The same PIN again");
    if (first.expose().normalize("NFC") === second.expose().normalize("NFC")) return first;
    announce("The two PINs differ. Nothing was set.");
  }
}

async function awaitFinger(request: FingerprintRequest, over: AbortSignal): Promise<boolean> {
  const { product, pinPossible, wrong, retries } = request;
  if (wrong) announce(wrongFinger(retries));
  const touch = `Touch the fingerprint sensor of your security key (${product})`;
  if (pinPossible) return announceUntilEnter(`${touch}, or press Enter to type its PIN.`, `${touch}.`, over);
  announce(`${touch}.`);
  return false;
}

async function askRoom(product: string, credentials: readonly StoredCredential[]): Promise<StoredCredential[]> {
  announce(
    `The security key (${product}) has no room for another credential. These of this server on it are not enrolled for you:`,
  );
  for (const [index, credential] of credentials.entries()) {
    announce(`  ${index + 1}  ${accountOf(credential)}  ${idOf(credential).slice(0, 8)}`);
  }
  try {
    const chosen = await askWhich(credentials.length);
    return chosen.map((index) => credentials[index]!);
  } catch (error) {
    // Without a terminal the credential is made where the key has no room for it.
    if (!(error instanceof VouchError) || error.code !== "usage") throw error;
    return [];
  }
}

function accountName({ name, displayName, credentialId }: Account): string {
  if (name === undefined) return displayName ?? `an account without a name (credential ${hexStart(credentialId)})`;
  return displayName === undefined || displayName === name ? name : `${name} (${displayName})`;
}

function hexStart(id: Uint8Array): string {
  return Buffer.from(id.subarray(0, 4)).toString("hex");
}
