/** How a key verifies its user: by itself (fingerprint) or by its PIN (CTAP 2.1 sections 6.5.5 and 7.1). */
import { getPINRetries, getPinToken, getPinUvAuthTokenUsingPinWithPermissions } from "../ctap2/client-pin.ts";
import { getPinUvAuthTokenUsingUvWithPermissions, hashPin, type PinUvAuthToken } from "../ctap2/client-pin.ts";
import type { TokenScope } from "../ctap2/client-pin.ts";
import type { PinUvAuth } from "../ctap2/command.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import { isCtapError } from "../ctap2/status.ts";
import { VouchError } from "../errors.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";

/** Fingerprints that were not recognised before the PIN is asked for instead. */
const MAX_BUILT_IN_FAILURES = 3;

/** What a request must carry: a token's authorization, or the option that has the key verify its user itself. */
export type Authorization = { kind: "token"; auth: PinUvAuth } | { kind: "uv" };

export class UserVerification {
  readonly #device: CtapDevice;
  readonly #info: AuthenticatorInfo;
  readonly #ui: CeremonyUi;
  readonly #scope: TokenScope;
  #builtIn: boolean;
  #builtInFailures = 0;
  #pinHash: Uint8Array | undefined;

  /** @throws VouchError `pin_not_set` or `security_key_unsupported` when the key can in no way verify its user */
  constructor(device: CtapDevice, info: AuthenticatorInfo, ui: CeremonyUi, scope: TokenScope) {
    this.#device = device;
    this.#info = info;
    this.#ui = ui;
    this.#scope = scope;
    this.#builtIn = info.options.get("uv") === true;
    if (!this.#builtIn) this.#requirePin();
  }

  /**
   * Verifies the user and authorizes one request. The PIN is asked for once, and again while it is wrong.
   * @throws VouchError `pin_auth_blocked`, `pin_blocked`, `user_verification_failed` and what the ui throws
   */
  async authorize(clientDataHash: Uint8Array, options: ExchangeOptions): Promise<Authorization> {
    const token = this.#builtIn ? await this.#builtInToken(options) : await this.#pinToken(options);
    if (token === "uv") return { kind: "uv" };
    try {
      return { kind: "token", auth: token.authorize(clientDataHash) };
    } finally {
      token.destroy();
    }
  }

  /** Whether another attempt makes sense after the request failed with this error. */
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

  async #builtInToken(options: ExchangeOptions): Promise<PinUvAuthToken | "uv"> {
    const protocol = choosePinProtocol(this.#info.pinUvAuthProtocols);
    if (this.#info.options.get("pinUvAuthToken") !== true || protocol === undefined) return "uv";
    for (;;) {
      try {
        return await getPinUvAuthTokenUsingUvWithPermissions(this.#device, protocol, this.#scope, options);
      } catch (error) {
        if (!this.canRetryAfter(error)) throw error;
        if (!this.#builtIn) return await this.#pinToken(options);
      }
    }
  }

  async #pinToken(options: ExchangeOptions): Promise<PinUvAuthToken> {
    const protocol = this.#requirePin();
    const { signal } = options;
    let wrong = false;
    for (;;) {
      this.#pinHash ??= await this.#askPin(wrong, signal);
      try {
        return await this.#exchangePin(protocol, this.#pinHash, signal === undefined ? {} : { signal });
      } catch (error) {
        if (!isCtapError(error, "PIN_INVALID")) throw error;
        this.destroy();
        wrong = true;
      }
    }
  }

  #exchangePin(protocol: PinProtocol, pinHash: Uint8Array, options: ExchangeOptions): Promise<PinUvAuthToken> {
    return this.#info.options.get("pinUvAuthToken") === true
      ? getPinUvAuthTokenUsingPinWithPermissions(this.#device, protocol, pinHash, this.#scope, options)
      : getPinToken(this.#device, protocol, pinHash, options);
  }

  async #askPin(wrong: boolean, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { minPINLength: minLength } = this.#info;
    const { pinRetries: retries } = await getPINRetries(this.#device, signal === undefined ? {} : { signal });
    const pin = await this.#ui.pin({ retries, wrong, minLength });
    if (signal?.aborted) throw new VouchError("cancelled", "Cancelled");
    return hashPin(pin, minLength);
  }

  #requirePin(): PinProtocol {
    const { options, pinUvAuthProtocols } = this.#info;
    if (options.get("clientPin") === false) {
      throw new VouchError("pin_not_set", `${this.#device.product} has no PIN yet`, {
        hint: "Set a PIN with the key's own tool (for a YubiKey: `ykman fido access change-pin`) and repeat the command.",
      });
    }
    const protocol = choosePinProtocol(pinUvAuthProtocols);
    if (options.get("clientPin") === undefined || protocol === undefined) {
      throw new VouchError("security_key_unsupported", `${this.#device.product} cannot verify its user`, {
        hint: "Use a FIDO2 security key that has a PIN or a fingerprint sensor.",
      });
    }
    return protocol;
  }
}
