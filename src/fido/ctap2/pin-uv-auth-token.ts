/** PIN/UV auth tokens, which the key issues after user verification (CTAP 2.1 section 6.5.5.7). */
import { requiredField } from "../codec/cbor-fields.ts";
import { VouchError } from "../../base/errors.ts";
import { clientPinEncrypted, type Entries, SUBCOMMAND } from "./client-pin.ts";
import type { PinUvAuth } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { authenticate, type PinProtocol, type SharedSecret } from "./pin-protocol.ts";

/** Permissions of a pinUvAuthToken. */
export const PERMISSION = { MAKE_CREDENTIAL: 0x01, GET_ASSERTION: 0x02, CREDENTIAL_MANAGEMENT: 0x04 } as const;

/** Permissions and relying party that a token is limited to. */
export interface TokenScope {
  /** Bits of {@link PERMISSION}. */
  permissions: number;
  /** Undefined: the token is for all relying parties, where its permissions allow that. */
  rpId: string | undefined;
}

/** A pinUvAuthToken: authorizes requests after user verification. Destroy it after use. */
export class PinUvAuthToken {
  readonly #protocol: PinProtocol;
  readonly #token: Uint8Array;

  constructor(protocol: PinProtocol, token: Uint8Array) {
    this.#protocol = protocol;
    this.#token = token;
  }

  /** The pinUvAuthParam over the message (a client data hash, or a management command's), and its protocol version. */
  authenticate(message: Uint8Array): PinUvAuth {
    return {
      pinUvAuthParam: authenticate(this.#protocol, this.#token, message),
      pinUvAuthProtocol: this.#protocol,
    };
  }

  destroy(): void {
    this.#token.fill(0);
  }
}

/**
 * getPinToken (CTAP 2.0): a token without permissions. `pinHash` is from `hashPin`. Throws CtapError `PIN_INVALID`,
 * `PIN_AUTH_BLOCKED`, `PIN_BLOCKED`, `PIN_POLICY_VIOLATION` and others.
 */
export function getPinToken(
  device: CtapDevice,
  protocol: PinProtocol,
  pinHash: Uint8Array,
  options?: ExchangeOptions,
): Promise<PinUvAuthToken> {
  return getToken(device, protocol, options, (secret) => [
    [0x02, SUBCOMMAND.GET_PIN_TOKEN],
    [0x06, secret.encrypt(pinHash)],
  ]);
}

/**
 * getPinUvAuthTokenUsingPinWithPermissions. `pinHash` is from `hashPin`. Throws CtapError `PIN_INVALID`,
 * `PIN_AUTH_BLOCKED`, `PIN_BLOCKED`, `PIN_POLICY_VIOLATION` and others.
 */
export function getPinUvAuthTokenUsingPinWithPermissions(
  device: CtapDevice,
  protocol: PinProtocol,
  pinHash: Uint8Array,
  scope: TokenScope,
  options?: ExchangeOptions,
): Promise<PinUvAuthToken> {
  return getToken(device, protocol, options, (secret) => [
    [0x02, SUBCOMMAND.GET_TOKEN_USING_PIN],
    [0x06, secret.encrypt(pinHash)],
    ...scopeEntries(scope),
  ]);
}

/**
 * getPinUvAuthTokenUsingUvWithPermissions: built-in user verification (fingerprint). Throws CtapError `UV_INVALID`,
 * `UV_BLOCKED` and others.
 */
export function getPinUvAuthTokenUsingUvWithPermissions(
  device: CtapDevice,
  protocol: PinProtocol,
  scope: TokenScope,
  options?: ExchangeOptions,
): Promise<PinUvAuthToken> {
  return getToken(device, protocol, options, () => [[0x02, SUBCOMMAND.GET_TOKEN_USING_UV], ...scopeEntries(scope)]);
}

function scopeEntries({ permissions, rpId }: TokenScope): Entries {
  return rpId === undefined
    ? [[0x09, permissions]]
    : [
        [0x09, permissions],
        [0x0a, rpId],
      ];
}

function getToken(
  device: CtapDevice,
  protocol: PinProtocol,
  options: ExchangeOptions | undefined,
  request: (secret: SharedSecret) => Entries,
): Promise<PinUvAuthToken> {
  return clientPinEncrypted(
    device,
    protocol,
    request,
    (answer, secret) => {
      const token = secret.decrypt(requiredField(answer, 0x02, "bytes", "pinUvAuthToken"));
      const expected = protocol === 1 ? [16, 32] : [32];
      if (expected.includes(token.length)) return new PinUvAuthToken(protocol, token);
      token.fill(0);
      throw new VouchError(
        "protocol_error",
        `Expected a pinUvAuthToken of ${expected.join(" or ")} bytes, got ${token.length}.`,
      );
    },
    options,
  );
}
