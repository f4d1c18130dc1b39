/** User verification by PIN; sets a PIN if there is none, changes it if the key requires that. */
import { getPINRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { changePIN, hashPin, setPIN } from "../ctap2/pin.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import {
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
  PERMISSION,
  type PinUvAuthToken,
  type TokenScope,
} from "../ctap2/pin-uv-auth-token.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../../base/errors.ts";
import type { CeremonyUi, PinRequest } from "./ceremony-ui.ts";
import { chooseNewPin, minNewPinLength } from "./new-pin.ts";

/**
 * Minimum PIN length in the specification. The key's current minimum applies only to new PINs: it may have been raised
 * after this PIN was set (section 6.11.4), and changing the PIN requires sending it.
 */
const shortestPinLength = 4;
/** Limit on PINs in one ceremony: keys block after eight wrong ones, unless their retry counter is broken. */
const maxPins = 8;

/** The kind of PIN write that a ceremony is about to make. */
export type PinWrite = "set" | "change";

export interface PinVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  exchange: ExchangeOptions;
  /** Called before the PIN is set or changed; a rejection prevents it. Absent: both are allowed. */
  beforeWrite?: ((write: PinWrite) => Promise<void>) | undefined;
}

export class PinVerification {
  readonly #input: PinVerificationInput;
  #isSet: boolean;
  #pinHash: Uint8Array | undefined;
  /** The key issues no token before its PIN is changed (forcePINChange). */
  #mustChange: boolean;
  #changed = false;
  /** Remaining retries before the last PIN was sent. */
  #retries = 0;
  #pins = 0;

  constructor(input: PinVerificationInput) {
    this.#input = input;
    this.#isSet = input.info.options.get("clientPin") === true;
    this.#mustChange = this.#isSet && input.info.forcePINChange;
  }

  /**
   * Sets the first PIN, or changes the present one, at the user's wish; prompts for both. Returns which. Throws as
   * {@link token}.
   */
  async write(): Promise<PinWrite> {
    const protocol = this.require();
    if (this.#isSet) {
      await this.#changePin(protocol);
      return "change";
    }
    await this.#setPin(protocol);
    return "set";
  }

  /** Whether the key has a PIN that can verify its user now. */
  get isSet(): boolean {
    return this.#isSet && this.#protocol !== undefined;
  }

  /** The PIN protocol to use. Throws `security_key_unsupported` for a key whose PIN cannot verify its user. */
  require(): PinProtocol {
    const { device, info } = this.#input;
    const protocol = this.#protocol;
    if (protocol !== undefined) return protocol;
    // `uv` false: there is a sensor without an enrolled fingerprint.
    const sensor = info.options.get("uv") === false;
    const reason = sensor ? "has neither a fingerprint nor a PIN for it" : "cannot verify its user";
    throw new VouchError("security_key_unsupported", `${device.product} ${reason}.`, {
      hint: sensor
        ? "Enroll a fingerprint on the key with its own tool (YubiKey: `ykman fido fingerprints add NAME`), then repeat the command."
        : "Use a FIDO2 security key that has a PIN or a fingerprint sensor.",
    });
  }

  /**
   * A token for one request; destroy it afterwards. Prompts for the PIN once, and again after each wrong PIN. A key
   * that requires a new PIN gets one first: changePIN needs no token. Throws CtapError `PIN_NOT_SET` (the user declines
   * to set one), `PIN_AUTH_BLOCKED`, `PIN_BLOCKED`, `PIN_POLICY_VIOLATION`, `PIN_INVALID` (after eight PINs), and
   * `pin_invalid` if the key refuses a PIN without counting it.
   */
  async token(
    instead: PinRequest["instead"],
    scope: TokenScope = this.#input.scope,
  ): Promise<{ token: PinUvAuthToken; asked: boolean }> {
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
        return { token: await this.#getToken(protocol, this.#pinHash!, scope), asked };
      } catch (error) {
        const refused = isCtapError(error, "PIN_INVALID");
        if (!refused && !isCtapError(error, "PIN_POLICY_VIOLATION")) throw error;
        this.destroy();
        wrong = refused && (await this.#hasCost());
        if (wrong) continue;
        // Section 6.5.5.7: with forcePINChange a key refuses a correct PIN, with either status and without using a
        // retry. The PIN is prompted for again nevertheless: an unconfirmed PIN is never sent twice without the user.
        if (this.#changed) throw refused ? this.#uncounted() : error;
        this.#mustChange = true;
      }
    }
  }

  /** Zeroes the PIN hash. */
  destroy(): void {
    this.#pinHash?.fill(0);
    this.#pinHash = undefined;
  }

  get #protocol(): PinProtocol | undefined {
    const { info, scope } = this.#input;
    const { options, pinUvAuthProtocols } = info;
    const isCeremony = (scope.permissions & (PERMISSION.MAKE_CREDENTIAL | PERMISSION.GET_ASSERTION)) !== 0;
    const forbidden = isCeremony && options.get("noMcGaPermissionsWithClientPin") === true;
    return options.has("clientPin") && !forbidden ? choosePinProtocol(pinUvAuthProtocols) : undefined;
  }

  #getToken(protocol: PinProtocol, pinHash: Uint8Array, scope: TokenScope): Promise<PinUvAuthToken> {
    const { device, info, exchange } = this.#input;
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

  /** Remaining PIN retries. Throws CtapError `PIN_BLOCKED`, `PIN_AUTH_BLOCKED` if no PIN may be tried. */
  async #askRetries(): Promise<number> {
    const { device, exchange } = this.#input;
    const { pinRetries, powerCycleState } = await getPINRetries(device, this.require(), exchange);
    if (pinRetries <= 0) throw new CtapError("PIN_BLOCKED");
    if (powerCycleState) throw new CtapError("PIN_AUTH_BLOCKED");
    return pinRetries;
  }

  /** Whether the refused PIN used a retry: only then did the key compare it and find it wrong. */
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
