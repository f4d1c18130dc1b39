/** How a key verifies its user: by itself (fingerprint) or by its PIN (CTAP 2.1 sections 6.5.5 and 7.1). */
import {
  getPINRetries,
  getPinToken,
  getPinUvAuthTokenUsingPinWithPermissions,
  getPinUvAuthTokenUsingUvWithPermissions,
  hashPin,
  type PinUvAuthToken,
  type TokenScope,
} from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import { CtapError, isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";

/** Fingerprints that were not recognised before the PIN is asked for instead. */
const MAX_BUILT_IN_FAILURES = 3;

export interface UserVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  signal: AbortSignal | undefined;
}

export class UserVerification {
  readonly #device: CtapDevice;
  readonly #info: AuthenticatorInfo;
  readonly #ui: CeremonyUi;
  readonly #scope: TokenScope;
  readonly #exchange: ExchangeOptions;
  #builtIn: boolean;
  #builtInFailures = 0;
  #pinHash: Uint8Array | undefined;

  /** @throws VouchError `pin_not_set`, `pin_policy` or `security_key_unsupported` when the key cannot verify its user */
  constructor({ device, info, ui, scope, signal }: UserVerificationInput) {
    this.#device = device;
    this.#info = info;
    this.#ui = ui;
    this.#scope = scope;
    this.#exchange = signal === undefined ? {} : { signal };
    this.#builtIn = info.options.get("uv") === true;
    if (!this.#builtIn) this.#requirePin();
  }

  /**
   * Verifies the user for one request. The PIN is asked for once, and again while it is wrong.
   * @param touch the options for an exchange that waits for the finger
   * @returns the token that authorizes the request, to be destroyed after it; undefined when the request itself must
   *   ask for built-in verification (option `uv`)
   * @throws VouchError `pin_auth_blocked`, `pin_blocked`, `user_verification_failed` and what the ui throws
   */
  async verify(touch: () => ExchangeOptions): Promise<PinUvAuthToken | undefined> {
    while (this.#builtIn) {
      const protocol = choosePinProtocol(this.#info.pinUvAuthProtocols);
      if (this.#info.options.get("pinUvAuthToken") !== true || protocol === undefined) return undefined;
      try {
        return await getPinUvAuthTokenUsingUvWithPermissions(this.#device, protocol, this.#scope, touch());
      } catch (error) {
        if (!this.canRetryAfter(error)) throw error;
      }
    }
    return this.#pinToken();
  }

  /** Whether verifying again, by the finger or else by the PIN, makes sense after this error. */
  canRetryAfter(error: unknown): boolean {
    if (!this.#builtIn || !isCtapError(error, "UV_INVALID", "UV_BLOCKED", "PUAT_REQUIRED")) return false;
    this.#builtInFailures += 1;
    if (error.status === "UV_INVALID" && this.#builtInFailures < MAX_BUILT_IN_FAILURES) return true;
    this.#builtIn = false;
    return this.#info.options.get("clientPin") === true;
  }

  /** Forgets the PIN. */
  destroy(): void {
    this.#pinHash?.fill(0);
    this.#pinHash = undefined;
  }

  async #pinToken(): Promise<PinUvAuthToken> {
    const protocol = this.#requirePin();
    const permissions = this.#info.options.get("pinUvAuthToken") === true;
    for (let wrong = false; ; wrong = true) {
      const pinHash = this.#pinHash ?? (await this.#askPin(wrong));
      this.#pinHash = pinHash;
      try {
        return permissions
          ? await getPinUvAuthTokenUsingPinWithPermissions(this.#device, protocol, pinHash, this.#scope, this.#exchange)
          : await getPinToken(this.#device, protocol, pinHash, this.#exchange);
      } catch (error) {
        if (!isCtapError(error, "PIN_INVALID")) throw error;
        this.destroy();
      }
    }
  }

  async #askPin(wrong: boolean): Promise<Uint8Array> {
    const { minPINLength: minLength } = this.#info;
    const { pinRetries: retries, powerCycleState } = await getPINRetries(this.#device, this.#exchange);
    if (retries === 0) throw new CtapError("PIN_BLOCKED");
    if (powerCycleState) throw new CtapError("PIN_AUTH_BLOCKED");
    return hashPin(await this.#ui.pin({ retries, wrong, minLength }), minLength);
  }

  #requirePin(): PinProtocol {
    const { options, pinUvAuthProtocols, forcePINChange } = this.#info;
    if (options.get("clientPin") === false) throw new CtapError("PIN_NOT_SET");
    if (forcePINChange) throw new CtapError("PIN_POLICY_VIOLATION");
    const protocol = choosePinProtocol(pinUvAuthProtocols);
    const forbidden = options.get("noMcGaPermissionsWithClientPin") === true;
    if (options.get("clientPin") === undefined || protocol === undefined || forbidden) {
      throw new VouchError("security_key_unsupported", `${this.#device.product} cannot verify its user`, {
        hint: "Use a FIDO2 security key that has a PIN or a fingerprint sensor.",
      });
    }
    return protocol;
  }
}
