/** authenticatorClientPIN (CTAP 2.1 section 6.5.5): how many tries are left, and tokens for a verified user. */
import { createHash } from "node:crypto";
import { field, requiredField } from "../codec/cbor-fields.ts";
import type { CborMap } from "../codec/cbor.ts";
import { VouchError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { AUTHENTICATOR, parameters, type PinUvAuth, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { authenticate, encapsulate, type PinProtocol, type SharedSecret } from "./pin-protocol.ts";

const SUBCOMMAND = {
  GET_PIN_RETRIES: 0x01,
  GET_KEY_AGREEMENT: 0x02,
  GET_PIN_TOKEN: 0x05,
  GET_TOKEN_USING_UV: 0x06,
  GET_TOKEN_USING_PIN: 0x09,
} as const;

/** Permissions of a pinUvAuthToken (section 6.5.5.7). */
export const PERMISSION = { MAKE_CREDENTIAL: 0x01, GET_ASSERTION: 0x02 } as const;

const PIN_HASH_BYTES = 16;
const MAX_PIN_BYTES = 63;

/** What a token is asked for. */
export interface TokenScope {
  /** Bits of {@link PERMISSION}. */
  permissions: number;
  rpId: string;
}

/** A pinUvAuthToken: it proves to the key that it has verified its user. Destroy it after use. */
export class PinUvAuthToken {
  readonly #protocol: PinProtocol;
  readonly #token: Uint8Array;

  constructor(protocol: PinProtocol, token: Uint8Array) {
    this.#protocol = protocol;
    this.#token = token;
  }

  /** The pinUvAuthParam over the hash of the client data, with the protocol that made it. */
  authenticate(clientDataHash: Uint8Array): PinUvAuth {
    return {
      pinUvAuthParam: authenticate(this.#protocol, this.#token, clientDataHash),
      pinUvAuthProtocol: this.#protocol,
    };
  }

  destroy(): void {
    this.#token.fill(0);
  }
}

/**
 * What the key compares: the first 16 bytes of SHA-256 over the PIN in UTF-8 and Normalization Form C. Zero it after
 * use.
 * @param minLength the key's minPINLength, in code points
 * @throws VouchError `pin_policy` for a PIN that cannot be right, so that it does not cost a try
 */
export function hashPin(pin: Secret, minLength: number): Uint8Array {
  const normalized = pin.expose().normalize("NFC");
  const length = Array.from(normalized).length;
  if (length < minLength) {
    throw new VouchError("pin_policy", `Expected a PIN of at least ${minLength} characters, got ${length}.`);
  }
  const bytes = new TextEncoder().encode(normalized);
  const digest = createHash("sha256").update(bytes).digest();
  const tooLong = bytes.length > MAX_PIN_BYTES;
  bytes.fill(0);
  const hash = new Uint8Array(digest.subarray(0, PIN_HASH_BYTES));
  digest.fill(0);
  if (tooLong) throw new VouchError("pin_policy", `Expected a PIN of at most ${MAX_PIN_BYTES} bytes.`);
  return hash;
}

/** getPINRetries: wrong PINs left until the PIN is blocked, and whether the key must be plugged in again first. */
export async function getPINRetries(
  device: CtapDevice,
  options?: ExchangeOptions,
): Promise<{ pinRetries: number; powerCycleState: boolean }> {
  const answer = await clientPin(device, [[0x02, SUBCOMMAND.GET_PIN_RETRIES]], options);
  return {
    pinRetries: requiredField(answer, 0x03, "integer", "pinRetries"),
    powerCycleState: field(answer, 0x04, "boolean") ?? false,
  };
}

/**
 * getPinToken: the token of CTAP 2.0, without permissions.
 * @param pinHash from {@link hashPin}
 * @throws CtapError PIN_INVALID, PIN_AUTH_BLOCKED, PIN_BLOCKED and others
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
 * getPinUvAuthTokenUsingPinWithPermissions.
 * @param pinHash from {@link hashPin}
 * @throws CtapError PIN_INVALID, PIN_AUTH_BLOCKED, PIN_BLOCKED and others
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
    [0x09, scope.permissions],
    [0x0a, scope.rpId],
  ]);
}

/**
 * getPinUvAuthTokenUsingUvWithPermissions: the key verifies its user itself (fingerprint).
 * @throws CtapError UV_INVALID, UV_BLOCKED and others
 */
export function getPinUvAuthTokenUsingUvWithPermissions(
  device: CtapDevice,
  protocol: PinProtocol,
  scope: TokenScope,
  options?: ExchangeOptions,
): Promise<PinUvAuthToken> {
  return getToken(device, protocol, options, () => [
    [0x02, SUBCOMMAND.GET_TOKEN_USING_UV],
    [0x09, scope.permissions],
    [0x0a, scope.rpId],
  ]);
}

type Entries = readonly (readonly [number, number | string | Uint8Array])[];

async function getToken(
  device: CtapDevice,
  protocol: PinProtocol,
  options: ExchangeOptions | undefined,
  request: (secret: SharedSecret) => Entries,
): Promise<PinUvAuthToken> {
  // A new agreement for every attempt: a key makes itself a new key pair after a wrong PIN.
  const agreement = await clientPin(
    device,
    [
      [0x01, protocol],
      [0x02, SUBCOMMAND.GET_KEY_AGREEMENT],
    ],
    options,
  );
  const { keyAgreement, secret } = encapsulate(protocol, requiredField(agreement, 0x01, "map", "keyAgreement"));
  try {
    const answer = await clientPin(device, [[0x01, protocol], [0x03, keyAgreement], ...request(secret)], options);
    const token = secret.decrypt(requiredField(answer, 0x02, "bytes", "pinUvAuthToken"));
    const expected = protocol === 1 ? [16, 32] : [32];
    if (!expected.includes(token.length)) {
      throw new VouchError(
        "protocol_error",
        `Expected a pinUvAuthToken of ${expected.join(" or ")} bytes, got ${token.length}.`,
      );
    }
    return new PinUvAuthToken(protocol, token);
  } finally {
    secret.destroy();
  }
}

function clientPin(
  device: CtapDevice,
  entries: readonly (readonly [number, number | string | Uint8Array | CborMap])[],
  options: ExchangeOptions | undefined,
): Promise<CborMap> {
  return sendCommand(device, AUTHENTICATOR.CLIENT_PIN, parameters(entries), options);
}
