/** Built-in user verification by the key's fingerprint sensor, with the PIN as fallback. */
import { getUVRetries } from "../ctap2/client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "../ctap2/device.ts";
import type { AuthenticatorInfo } from "../ctap2/get-info.ts";
import { choosePinProtocol, type PinProtocol } from "../ctap2/pin-protocol.ts";
import { type CtapStatus, isCtapError } from "../ctap2/status.ts";
import type { CeremonyUi, PinRequest } from "./ceremony-ui.ts";

/** Failed attempts before the fallback to the PIN, if the key does not specify a number. */
const defaultAttempts = 3;

export interface BuiltInVerificationInput {
  device: CtapDevice;
  info: AuthenticatorInfo;
  ui: CeremonyUi;
  exchange: ExchangeOptions;
  /** Whether the PIN is available as a fallback. */
  pinPossible: boolean;
  /** The request takes a token only, never the option `uv`. */
  tokenOnly: boolean;
}

export class BuiltInVerification {
  readonly #input: BuiltInVerificationInput;
  #usable: boolean;
  #instead: PinRequest["instead"];
  #failures = 0;
  #wrong = false;
  #retries: number | undefined;

  constructor(input: BuiltInVerificationInput) {
    this.#input = input;
    const possible = !input.tokenOnly || this.tokenProtocol !== undefined;
    this.#usable = possible && input.info.options.get("uv") === true;
  }

  /** Whether the next attempt uses built-in verification. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Reason for the fallback to the PIN. */
  get instead(): PinRequest["instead"] {
    return this.#instead;
  }

  /**
   * The protocol for a token from built-in verification; undefined if each request must carry the option `uv` instead.
   */
  get tokenProtocol(): PinProtocol | undefined {
    const { options, pinUvAuthProtocols } = this.#input.info;
    return options.get("pinUvAuthToken") === true ? choosePinProtocol(pinUvAuthProtocols) : undefined;
  }

  /**
   * Runs one exchange with built-in verification. If the user chooses the PIN meanwhile, the exchange is cancelled on
   * the key. Resolves with undefined after a failure that allows another attempt: by fingerprint while `usable`, else
   * by PIN. Otherwise throws the error of the exchange.
   */
  async attempt<T>(
    options: ExchangeOptions,
    exchange: (options: ExchangeOptions) => Promise<T>,
  ): Promise<{ value: T } | undefined> {
    const { device, ui, pinPossible } = this.#input;
    const over = new AbortController();
    const wish = new AbortController();
    let listening: Promise<void> | undefined;
    const listen = async (): Promise<void> => {
      const request = { product: device.product, pinPossible, wrong: this.#wrong, retries: this.#retries };
      this.#wrong = false;
      if ((await ui.fingerprint(request, over.signal)) && pinPossible) wish.abort();
    };
    const signal = options.signal === undefined ? wish.signal : AbortSignal.any([options.signal, wish.signal]);
    const onKeepalive: NonNullable<ExchangeOptions["onKeepalive"]> = (status) => {
      // Errors of the prompt are ignored: the fingerprint works without a terminal.
      if (status === "user_presence_needed") listening ??= listen().catch(() => {});
    };
    try {
      return { value: await exchange({ ...options, signal, onKeepalive }) };
    } catch (error) {
      if (options.signal?.aborted !== true && wish.signal.aborted) this.#giveWayToPin("wished");
      else if (!(await this.#goesOnAfter(error))) throw error;
      return undefined;
    } finally {
      over.abort();
      await listening;
    }
  }

  async #goesOnAfter(error: unknown): Promise<boolean> {
    // Status codes of a failed verification inside a request with the option `uv` (section 6.1.2, step 11).
    const inRequest: CtapStatus[] = this.tokenProtocol === undefined ? ["OPERATION_DENIED", "PUAT_REQUIRED"] : [];
    if (!isCtapError(error, "UV_INVALID", "UV_BLOCKED", ...inRequest)) return false;
    const { status } = error;
    this.#failures += 1;
    this.#wrong = true;
    if (status === "UV_INVALID") this.#retries = await this.#askRetries();
    const blocked = status === "UV_BLOCKED" || this.#retries === 0;
    const attempts = this.#input.info.preferredPlatformUvAttempts ?? defaultAttempts;
    if (status === "UV_INVALID" && !blocked && this.#failures < attempts) return true;
    return this.#giveWayToPin(blocked ? "sensor_blocked" : "not_recognised");
  }

  #giveWayToPin(instead: PinRequest["instead"]): boolean {
    this.#usable = false;
    this.#instead = instead;
    return this.#input.pinPossible;
  }

  /** Remaining fingerprint retries; CTAP 2.0 keys do not report them. */
  async #askRetries(): Promise<number | undefined> {
    const protocol = this.tokenProtocol;
    if (protocol === undefined) return undefined;
    return getUVRetries(this.#input.device, protocol, this.#input.exchange).catch(() => undefined);
  }
}
