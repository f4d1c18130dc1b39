/**
 * Requests that a key answers only for its verified user: by its fingerprint sensor where it has one, else by its PIN
 * (CTAP 2.1 sections 6.5.5 and 7.1). Asks again while the key gives up waiting earlier than the person may.
 */
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import {
  getPinUvAuthTokenUsingUvWithPermissions,
  type PinUvAuthToken,
  type TokenScope,
} from "../ctap2/pin-uv-auth-token.ts";
import { isCtapError } from "../ctap2/status.ts";
import { BuiltInVerification } from "./built-in-verification.ts";
import type { CeremonyUi } from "./ceremony-ui.ts";
import { PinVerification, type PinVerificationInput } from "./pin-verification.ts";

/** A key that gives up waiting for a touch sooner than this did not wait. */
const minTouchWaitMs = 100;

export interface UserVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  signal: AbortSignal | undefined;
  /** How long the person has for the touch, in milliseconds. */
  timeoutMs: number;
  beforeWrite?: PinVerificationInput["beforeWrite"];
}

/** By what a request shows that the user is verified. */
export interface Authorization {
  /** Undefined when the request itself must ask for built-in verification (option `uv`). */
  token: PinUvAuthToken | undefined;
  /** The options of an exchange that waits for the finger; called once for each. */
  exchange: () => ExchangeOptions;
}

export class UserVerification implements Disposable {
  readonly #input: UserVerificationInput;
  readonly #exchange: ExchangeOptions;
  readonly #builtIn: BuiltInVerification;
  readonly #pin: PinVerification;
  #announced = false;
  #deadline: number | undefined;

  /** @throws VouchError `security_key_unsupported` when the key cannot verify its user */
  constructor(input: UserVerificationInput) {
    const { device, info, ui, scope, signal, beforeWrite } = input;
    this.#input = input;
    this.#exchange = signal === undefined ? {} : { signal };
    this.#pin = new PinVerification({ device, info, ui, scope, exchange: this.#exchange, beforeWrite });
    const pinPossible = this.#pin.isSet;
    this.#builtIn = new BuiltInVerification({ device, info, ui, exchange: this.#exchange, pinPossible });
    if (!this.#builtIn.usable) this.#pin.require();
  }

  /**
   * Verifies the user and makes a request; both again when the key gave up waiting, and with the PIN when the finger
   * was not recognised.
   * @throws what the request throws; CtapError `pin_…`, `user_verification_failed`; what the ui throws
   */
  async authorize<T>(request: (authorization: Authorization) => Promise<T>): Promise<T> {
    this.#announced = false;
    for (let renewed = false; ;) {
      const started = performance.now();
      try {
        const answered = this.#builtIn.usable ? await this.#byFinger(request) : await this.#byPin(request);
        if (answered !== undefined) return answered.value;
      } catch (error) {
        const waited = performance.now() - started;
        const gaveUp = isCtapError(error, "USER_ACTION_TIMEOUT", "ACTION_TIMEOUT") && waited >= minTouchWaitMs;
        const expired: boolean = !renewed && isCtapError(error, "PIN_AUTH_INVALID", "PIN_TOKEN_EXPIRED");
        if (!(gaveUp || expired) || this.#left() === 0) throw error;
        renewed ||= expired;
      }
    }
  }

  /** Forgets the PIN. */
  [Symbol.dispose](): void {
    this.#pin.destroy();
  }

  async #byFinger<T>(request: (authorization: Authorization) => Promise<T>): Promise<{ value: T } | undefined> {
    const { device, scope } = this.#input;
    const protocol = this.#builtIn.tokenProtocol;
    const waiting = { ...this.#exchange, timeoutMs: this.#left() };
    if (protocol === undefined) {
      return this.#builtIn.attempt(waiting, (options) => request({ token: undefined, exchange: () => options }));
    }
    const verified = await this.#builtIn.attempt(waiting, (options) =>
      getPinUvAuthTokenUsingUvWithPermissions(device, protocol, scope, options),
    );
    return verified && { value: await this.#withToken(verified.value, request) };
  }

  async #byPin<T>(request: (authorization: Authorization) => Promise<T>): Promise<{ value: T }> {
    const { token, asked } = await this.#pin.token(this.#builtIn.instead);
    // The time runs from the first wait for the finger: typing the PIN does not take from it.
    if (asked) this.#deadline = undefined;
    return { value: await this.#withToken(token, request) };
  }

  async #withToken<T>(token: PinUvAuthToken, request: (authorization: Authorization) => Promise<T>): Promise<T> {
    let asked = false;
    const exchange = (): ExchangeOptions => {
      // A key that was touched and blinks once more has to be announced once more.
      if (asked) this.#announced = false;
      asked = true;
      return this.#touchExchange();
    };
    try {
      return await request({ token, exchange });
    } finally {
      token.destroy();
    }
  }

  #touchExchange(): ExchangeOptions {
    const { device, ui } = this.#input;
    return {
      ...this.#exchange,
      timeoutMs: this.#left(),
      onKeepalive: (status) => {
        if (status !== "user_presence_needed" || this.#announced) return;
        this.#announced = true;
        ui.touch(device.product);
      },
    };
  }

  #left(): number {
    this.#deadline ??= performance.now() + this.#input.timeoutMs;
    return Math.max(0, this.#deadline - performance.now());
  }
}
