/** authenticatorClientPIN (CTAP 2.1 section 6.5.5): the command, its key agreement, and the retry counters. */
import { field, requiredField } from "../codec/cbor-fields.ts";
import type { CborMap } from "../codec/cbor.ts";
import { AUTHENTICATOR, parameters, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import { encapsulate, type PinProtocol, type SharedSecret } from "./pin-protocol.ts";

export const SUBCOMMAND = {
  GET_PIN_RETRIES: 0x01,
  GET_KEY_AGREEMENT: 0x02,
  SET_PIN: 0x03,
  CHANGE_PIN: 0x04,
  GET_PIN_TOKEN: 0x05,
  GET_TOKEN_USING_UV: 0x06,
  GET_UV_RETRIES: 0x07,
  GET_TOKEN_USING_PIN: 0x09,
} as const;

/** Members of a request: key and value. */
export type Entries = readonly (readonly [number, number | string | Uint8Array | CborMap])[];

/**
 * getPINRetries: remaining PIN retries before the key blocks its PIN, and whether it needs a power cycle first. Throws
 * CtapError, `protocol_error`.
 */
export async function getPINRetries(
  device: CtapDevice,
  protocol: PinProtocol,
  options?: ExchangeOptions,
): Promise<{ pinRetries: number; powerCycleState: boolean }> {
  const answer = await clientPin(device, request(protocol, SUBCOMMAND.GET_PIN_RETRIES), {
    ...options,
    repeatable: true,
  });
  return {
    pinRetries: requiredField(answer, 0x03, "integer", "pinRetries"),
    powerCycleState: field(answer, 0x04, "boolean") ?? false,
  };
}

/** getUVRetries: remaining fingerprint retries before the key blocks its sensor. Throws CtapError, `protocol_error`. */
export async function getUVRetries(
  device: CtapDevice,
  protocol: PinProtocol,
  options?: ExchangeOptions,
): Promise<number> {
  const answer = await clientPin(device, request(protocol, SUBCOMMAND.GET_UV_RETRIES), {
    ...options,
    repeatable: true,
  });
  return requiredField(answer, 0x05, "integer", "uvRetries");
}

/**
 * Runs a key agreement and sends one sub-command encrypted with its shared secret. Each sub-command needs a new
 * agreement: a key regenerates its key pair after a wrong PIN. `members` are the request's members besides protocol and
 * key agreement; `read` extracts the result from the response before the secret is destroyed. Throws CtapError,
 * `protocol_error`.
 */
export async function clientPinEncrypted<T>(
  device: CtapDevice,
  protocol: PinProtocol,
  members: (secret: SharedSecret) => Entries,
  read: (answer: CborMap, secret: SharedSecret) => T,
  options?: ExchangeOptions,
): Promise<T> {
  // Keepalives matter only for the sub-command itself.
  const { onKeepalive: _, ...quiet } = options ?? {};
  const agreement = await clientPin(device, request(protocol, SUBCOMMAND.GET_KEY_AGREEMENT), {
    ...quiet,
    repeatable: true,
  });
  const { keyAgreement, secret } = encapsulate(protocol, requiredField(agreement, 0x01, "map", "keyAgreement"));
  try {
    const answer = await clientPin(device, [[0x01, protocol], [0x03, keyAgreement], ...members(secret)], options);
    return read(answer, secret);
  } finally {
    secret.destroy();
  }
}

/** A sub-command without further members. CTAP 2.0 requires the protocol in every request. */
function request(protocol: PinProtocol, subcommand: number): Entries {
  return [
    [0x01, protocol],
    [0x02, subcommand],
  ];
}

function clientPin(device: CtapDevice, entries: Entries, options: ExchangeOptions | undefined): Promise<CborMap> {
  return sendCommand(device, AUTHENTICATOR.CLIENT_PIN, parameters(entries), options);
}
