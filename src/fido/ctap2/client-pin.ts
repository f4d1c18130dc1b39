/** authenticatorClientPIN (CTAP 2.1 section 6.5.5): the command, the key agreement, and how many tries are left. */
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

/** Members of a request. */
export type Entries = readonly (readonly [number, number | string | Uint8Array | CborMap])[];

/** getPINRetries: wrong PINs left until the PIN is blocked, and whether the key must be plugged in again first. */
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

/** getUVRetries: fingerprints that may be wrong until the sensor is blocked. */
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
 * Agrees on a shared secret with the key and sends one sub-command that uses it. A new agreement for every command: a
 * key makes itself a new key pair after a wrong PIN.
 * @param members those beside protocol and key agreement
 * @param read takes what it needs of the answer while the secret is still there; it is destroyed afterwards
 */
export async function clientPinEncrypted<T>(
  device: CtapDevice,
  protocol: PinProtocol,
  members: (secret: SharedSecret) => Entries,
  read: (answer: CborMap, secret: SharedSecret) => T,
  options?: ExchangeOptions,
): Promise<T> {
  // Waiting for the person is a matter of the command itself.
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

/** A sub-command without further members. CTAP 2.0 demands the protocol in all of them. */
function request(protocol: PinProtocol, subcommand: number): Entries {
  return [
    [0x01, protocol],
    [0x02, subcommand],
  ];
}

function clientPin(device: CtapDevice, entries: Entries, options: ExchangeOptions | undefined): Promise<CborMap> {
  return sendCommand(device, AUTHENTICATOR.CLIENT_PIN, parameters(entries), options);
}
