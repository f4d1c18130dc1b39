/** Verifying the user by the PIN of the key; sets one where there is none, changes one where the key demands it. */
import { getPINRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { changePIN, hashPin, setPIN } from "../ctap2/pin.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import {
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
  type PinUvAuthToken,
  type TokenScope,
} from "../ctap2/pin-uv-auth-token.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import type { CeremonyUi, PinRequest } from "./ceremony-ui.ts";
import { chooseNewPin, minNewPinLength } from "./new-pin.ts";

/**
 * The specification's floor. The key's present minimum is for new PINs: it may have been raised after this one was set
 * (section 6.11.4), and a PIN that is not sent cannot be changed either.
 */
const shortestPinLength = 4;
/** PINs in one ceremony: a key blocks after eight wrong ones, unless its counter does not count. */
const maxPins = 8;

/** What a ceremony is about to write to the key. */
export type PinWrite = "set" | "change";

export interface PinVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  exchange: ExchangeOptions;
  /** Called before the PIN is set or changed; rejecting prevents it. Absent: the ceremony may do both. */
  beforeWrite?: ((write: PinWrite) => Promise<void>) | undefined;
}

export class PinVerification {
  readonly #input: PinVerificationInput;
  #isSet: boolean;
  #pinHash: Uint8Array | undefined;
  /** The key gives no token before its PIN is changed (forcePINChange). */
  #mustChange: boolean;
  #changed = false;
  /** Tries that were left before the last PIN was sent. */
  #retries = 0;
  #pins = 0;

  constructor(input: PinVerificationInput) {
    this.#input = input;
    this.#isSet = input.info.options.get("clientPin") === true;
    this.#mustChange = this.#isSet && input.info.forcePINChange;
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
   * A token for one request, to be destroyed after it. The PIN is asked for once, and again while it is wrong. A key
   * that demands a new PIN is given one first: changePIN needs no token.
   * @throws CtapError PIN_NOT_SET when no PIN is to be set, PIN_AUTH_BLOCKED, PIN_BLOCKED, PIN_POLICY_VIOLATION,
   *   PIN_INVALID after eight PINs; VouchError `pin_invalid` when the key refuses a PIN without counting it
   */
  async token(instead: PinRequest["instead"]): Promise<{ token: PinUvAuthToken; asked: boolean }> {
    const protocol = this.require();
    let asked = false;
    for (let wrong = false; ;) {
      if (this.#mustChange || this.#pinHash === undefined) {
        if (!this.#isSet) await this.#setPin(protocol);
        else if (this.#mustChange) await this.#changePin(protocol);
        else this.#pinHash = await this.#ask(wrong, instead);
        asked = true;
      }
      try {
        return { token: await this.#getToken(protocol, this.#pinHash!), asked };
      } catch (error) {
        const refused = isCtapError(error, "PIN_INVALID");
        if (!refused && !isCtapError(error, "PIN_POLICY_VIOLATION")) throw error;
        this.destroy();
        wrong = refused && (await this.#hasCost());
        if (wrong) continue;
        // Section 6.5.5.7: with forcePINChange a key refuses a right PIN, by either status and without a try less. The
        // PIN is asked for again all the same: one that is not known to be right is not sent a second time unasked.
        if (this.#changed) throw refused ? this.#uncounted() : error;
        this.#mustChange = true;
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
    const { ui } = this.#input;
    const retries = await this.#askRetries();
    if (this.#pins === maxPins) throw new CtapError("PIN_INVALID");
    this.#pins += 1;
    this.#retries = retries;
    const request = { retries, wrong, minLength: shortestPinLength, mustChange: this.#mustChange, instead };
    return hashPin(await ui.pin(request), shortestPinLength);
  }

  /** @throws CtapError PIN_BLOCKED and PIN_AUTH_BLOCKED when no PIN may be tried */
  async #askRetries(): Promise<number> {
    const { device, exchange } = this.#input;
    const { pinRetries, powerCycleState } = await getPINRetries(device, this.require(), exchange);
    if (pinRetries <= 0) throw new CtapError("PIN_BLOCKED");
    if (powerCycleState) throw new CtapError("PIN_AUTH_BLOCKED");
    return pinRetries;
  }

  /** Whether the PIN that was just refused has cost a try: only then was it compared and found wrong. */
  async #hasCost(): Promise<boolean> {
    return (await this.#askRetries()) < this.#retries;
  }

  #uncounted(): VouchError {
    const { product } = this.#input.device;
    return new VouchError("pin_invalid", `${product} refuses the PIN and does not count it as a wrong one.`, {
      hint: `Change its PIN with the key's own tool (YubiKey: \`ykman fido access change-pin\`; others: \`fido2-token -C DEVICE\`), then repeat the command.`,
    });
  }

  async #setPin(protocol: PinProtocol): Promise<void> {
    const { device, ui, exchange, beforeWrite } = this.#input;
    await beforeWrite?.("set");
    if (!(await ui.offerPin())) throw new CtapError("PIN_NOT_SET");
    const newPin = await chooseNewPin(this.#input, "not_set", (pin) => setPIN(device, protocol, pin, exchange));
    this.#isSet = true;
    this.#pinHash = hashPin(newPin, minNewPinLength);
  }

  async #changePin(protocol: PinProtocol): Promise<void> {
    const { device, exchange, beforeWrite } = this.#input;
    await beforeWrite?.("change");
    this.#pinHash = await this.#ask(false, undefined);
    const newPin = await chooseNewPin(this.#input, "must_change", async (pin) => {
      for (;;) {
        this.#pinHash ??= await this.#ask(true, undefined);
        try {
          return await changePIN(device, protocol, this.#pinHash, pin, exchange);
        } catch (error) {
          if (!isCtapError(error, "PIN_INVALID")) throw error;
          this.destroy();
          if (!(await this.#hasCost())) throw this.#uncounted();
        }
      }
    });
    this.destroy();
    this.#pinHash = hashPin(newPin, minNewPinLength);
    this.#mustChange = false;
    this.#changed = true;
  }
}
