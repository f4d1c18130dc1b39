/** Verifying the user by the PIN of the key; sets one where there is none, changes one where the key demands it. */
import { getPINRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { changePIN, hashPin, pinFault, setPIN } from "../ctap2/pin.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import {
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
  type PinUvAuthToken,
  type TokenScope,
} from "../ctap2/pin-uv-auth-token.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import type { CeremonyUi, NewPinRequest, PinRequest } from "./ceremony-ui.ts";

/** What we demand of a new PIN, in code points; a key may demand more. */
const MIN_NEW_PIN_LENGTH = 8;
/** The specification's floor: a PIN that must be changed may be shorter than the key's present minimum. */
const SHORTEST_PIN_LENGTH = 4;
/** New PINs that a key refuses by its own rules before we give up, and those that break ours as well. */
const MAX_REFUSALS = 3;
const MAX_NEW_PINS = 10;

export interface PinVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  exchange: ExchangeOptions;
}

export class PinVerification {
  readonly #input: PinVerificationInput;
  #isSet: boolean;
  #pinHash: Uint8Array | undefined;
  #changed = false;

  constructor(input: PinVerificationInput) {
    this.#input = input;
    this.#isSet = input.info.options.get("clientPin") === true;
  }

  /** Whether the key has a PIN by which it may verify its user now. */
  get isSet(): boolean {
    return this.#isSet && this.#protocol !== undefined;
  }

  /** @throws VouchError `security_key_unsupported` when the PIN of this key cannot verify its user */
  require(): PinProtocol {
    const { device, info } = this.#input;
    const protocol = this.#protocol;
    if (protocol !== undefined) return protocol;
    // `uv` false: there is a sensor, and it knows no finger yet.
    const sensor = info.options.get("uv") === false;
    const reason = sensor ? "has neither a fingerprint nor a PIN for it" : "cannot verify its user";
    throw new VouchError("security_key_unsupported", `${device.product} ${reason}.`, {
      hint: sensor
        ? "Enroll a fingerprint on the key with its own tool (YubiKey: `ykman fido fingerprints add NAME`), then repeat the command."
        : "Use a FIDO2 security key that has a PIN or a fingerprint sensor.",
    });
  }

  /**
   * A token for one request, to be destroyed after it. The PIN is asked for once, and again while it is wrong.
   * @throws CtapError PIN_NOT_SET when no PIN is to be set, PIN_AUTH_BLOCKED, PIN_BLOCKED, PIN_POLICY_VIOLATION
   */
  async token(instead: PinRequest["instead"]): Promise<{ token: PinUvAuthToken; asked: boolean }> {
    const protocol = this.require();
    let asked = false;
    for (let wrong = false; ;) {
      if (this.#pinHash === undefined) {
        this.#pinHash = this.#isSet ? await this.#ask(wrong, instead) : await this.#setPin(protocol);
        asked = true;
      }
      try {
        return { token: await this.#getToken(protocol, this.#pinHash), asked };
      } catch (error) {
        if (isCtapError(error, "PIN_INVALID")) {
          this.destroy();
          wrong = true;
        } else if (isCtapError(error, "PIN_POLICY_VIOLATION") && !this.#changed) {
          // The PIN is right, and the key wants another one first (forcePINChange).
          await this.#changePin(protocol);
          this.#changed = true;
        } else throw error;
      }
    }
  }

  /** Forgets the PIN. */
  destroy(): void {
    this.#pinHash?.fill(0);
    this.#pinHash = undefined;
  }

  get #protocol(): PinProtocol | undefined {
    const { options, pinUvAuthProtocols } = this.#input.info;
    const forbidden = options.get("noMcGaPermissionsWithClientPin") === true;
    return options.has("clientPin") && !forbidden ? choosePinProtocol(pinUvAuthProtocols) : undefined;
  }

  #getToken(protocol: PinProtocol, pinHash: Uint8Array): Promise<PinUvAuthToken> {
    const { device, info, scope, exchange } = this.#input;
    return info.options.get("pinUvAuthToken") === true
      ? getPinUvAuthTokenUsingPinWithPermissions(device, protocol, pinHash, scope, exchange)
      : getPinToken(device, protocol, pinHash, exchange);
  }

  async #ask(wrong: boolean, instead: PinRequest["instead"]): Promise<Uint8Array> {
    const { device, info, ui, exchange } = this.#input;
    const { pinRetries: retries, powerCycleState } = await getPINRetries(device, this.require(), exchange);
    if (retries === 0) throw new CtapError("PIN_BLOCKED");
    if (powerCycleState) throw new CtapError("PIN_AUTH_BLOCKED");
    const mustChange = info.forcePINChange && !this.#changed;
    const minLength = mustChange ? SHORTEST_PIN_LENGTH : info.minPINLength;
    return hashPin(await ui.pin({ retries, wrong, minLength, mustChange, instead }), minLength);
  }

  async #setPin(protocol: PinProtocol): Promise<Uint8Array> {
    const { device, ui, exchange } = this.#input;
    if (!(await ui.offerPin())) throw new CtapError("PIN_NOT_SET");
    const newPin = await this.#choosePin("not_set", (pin) => setPIN(device, protocol, pin, exchange));
    this.#isSet = true;
    return hashPin(newPin, MIN_NEW_PIN_LENGTH);
  }

  async #changePin(protocol: PinProtocol): Promise<void> {
    const { device, exchange } = this.#input;
    const newPin = await this.#choosePin("must_change", async (pin) => {
      for (let wrong = false; ; wrong = true) {
        // A key may have refused before it compared the old PIN.
        this.#pinHash ??= await this.#ask(wrong, undefined);
        try {
          return await changePIN(device, protocol, this.#pinHash, pin, exchange);
        } catch (error) {
          if (!isCtapError(error, "PIN_INVALID")) throw error;
          this.destroy();
        }
      }
    });
    this.destroy();
    this.#pinHash = hashPin(newPin, MIN_NEW_PIN_LENGTH);
  }

  /** Asks for a new PIN until the key takes one. */
  async #choosePin(reason: NewPinRequest["reason"], send: (newPin: Secret) => Promise<void>): Promise<Secret> {
    const { info, ui } = this.#input;
    const minLength = Math.max(MIN_NEW_PIN_LENGTH, info.minPINLength);
    let fault: NewPinRequest["fault"];
    for (let given = 0, refusals = 0; given < MAX_NEW_PINS; given += 1) {
      const newPin = await ui.newPin({ reason, minLength, fault });
      fault = pinFault(newPin, minLength);
      if (fault !== undefined) continue;
      try {
        await send(newPin);
        ui.newPinSet(reason);
        return newPin;
      } catch (error) {
        refusals += 1;
        if (!isCtapError(error, "PIN_POLICY_VIOLATION") || refusals === MAX_REFUSALS) throw error;
        fault = { kind: "refused" };
      }
    }
    throw new VouchError(
      "pin_policy",
      `Expected a PIN of at least ${minLength} characters, got none in ${MAX_NEW_PINS} tries.`,
      {
        hint: "Think of one and repeat the command.",
      },
    );
  }
}
