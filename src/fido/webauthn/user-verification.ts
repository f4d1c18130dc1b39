/**
 * Requests with user verification: by the key's fingerprint sensor if it has one, else by PIN (CTAP 2.1 sections 6.5.5
 * and 7.1). Repeats a request whose timeout on the key is shorter than the user's.
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

/** A key that reports a touch timeout faster than this did not wait at all. */
const minTouchWaitMs = 100;

export interface UserVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  scope: TokenScope;
  signal: AbortSignal | undefined;
  /** Timeout for the touch, in milliseconds. */
  timeoutMs: number;
  beforeWrite?: PinVerificationInput["beforeWrite"];
  /** The touch is enough: nobody is asked for a PIN or a finger, unless the key itself demands it (alwaysUv). */
  presenceOnly?: boolean;
  /** The requests take a token only, never built-in verification in the request itself. */
  tokenOnly?: boolean;
}

/** How a request proves user verification. */
export interface Authorization {
  /** Undefined if the request itself requires built-in verification, or none is needed. */
  token: PinUvAuthToken | undefined;
  /** Whether the request itself must require built-in verification (option `uv`). */
  uv: boolean;
  /** Options of an exchange that waits for a touch; called once for each exchange. */
  exchange: () => ExchangeOptions;
}

export class UserVerification implements Disposable {
  readonly #input: UserVerificationInput;
  readonly #exchange: ExchangeOptions;
  readonly #builtIn: BuiltInVerification;
  readonly #pin: PinVerification;
  readonly #presenceOnly: boolean;
  #announced = false;
  #deadline: number | undefined;

  /** Throws `security_key_unsupported` for a key that cannot verify its user. */
  constructor(input: UserVerificationInput) {
    const { device, info, ui, scope, signal, beforeWrite, tokenOnly = false } = input;
    this.#input = input;
    this.#exchange = signal === undefined ? {} : { signal };
    this.#pin = new PinVerification({ device, info, ui, scope, exchange: this.#exchange, beforeWrite });
    const pinPossible = this.#pin.isSet;
    this.#builtIn = new BuiltInVerification({ device, info, ui, exchange: this.#exchange, pinPossible, tokenOnly });
    this.#presenceOnly = input.presenceOnly === true && info.options.get("alwaysUv") !== true;
    if (!this.#presenceOnly && !this.#builtIn.usable) this.#pin.require();
  }

  /**
   * Verifies the user and runs the request. Repeats both after a touch timeout of the key, and with the PIN if the
   * fingerprint was not recognised. The token is limited to `scope`. Throws the errors of the request and the ui,
   * `pin_…`, `user_verification_failed`.
   */
  async authorize<T>(
    request: (authorization: Authorization) => Promise<T>,
    scope: TokenScope = this.#input.scope,
  ): Promise<T> {
    this.#announced = false;
    for (let renewed = false; ;) {
      const started = performance.now();
      try {
        if (this.#presenceOnly) return await this.#byTouch(request);
        const answered = this.#builtIn.usable
          ? await this.#byFinger(request, scope)
          : await this.#byPin(request, scope);
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

  /** Zeroes the PIN hash. */
  [Symbol.dispose](): void {
    this.#pin.destroy();
  }

  async #byFinger<T>(
    request: (authorization: Authorization) => Promise<T>,
    scope: TokenScope,
  ): Promise<{ value: T } | undefined> {
    const { device } = this.#input;
    const protocol = this.#builtIn.tokenProtocol;
    const waiting = { ...this.#exchange, timeoutMs: this.#left() };
    if (protocol === undefined) {
      return this.#builtIn.attempt(waiting, (options) =>
        request({ token: undefined, uv: true, exchange: () => options }),
      );
    }
    const verified = await this.#builtIn.attempt(waiting, (options) =>
      getPinUvAuthTokenUsingUvWithPermissions(device, protocol, scope, options),
    );
    return verified && { value: await this.#withToken(verified.value, request) };
  }

  async #byTouch<T>(request: (authorization: Authorization) => Promise<T>): Promise<T> {
    return request({ token: undefined, uv: false, exchange: this.#touchExchanges() });
  }

  async #byPin<T>(request: (authorization: Authorization) => Promise<T>, scope: TokenScope): Promise<{ value: T }> {
    const { token, asked } = await this.#pin.token(this.#builtIn.instead, scope);
    // The timeout starts with the first wait for a touch: typing the PIN does not count.
    if (asked) this.#deadline = undefined;
    return { value: await this.#withToken(token, request) };
  }

  async #withToken<T>(token: PinUvAuthToken, request: (authorization: Authorization) => Promise<T>): Promise<T> {
    try {
      return await request({ token, uv: false, exchange: this.#touchExchanges() });
    } finally {
      token.destroy();
    }
  }

  /** Options of the exchanges of one request: each further touch needs its own announcement. */
  #touchExchanges(): () => ExchangeOptions {
    let asked = false;
    return () => {
      if (asked) this.#announced = false;
      asked = true;
      return this.#touchExchange();
    };
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
