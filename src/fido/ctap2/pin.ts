/** The PIN of a key: hashing, setting and changing it (CTAP 2.1 sections 6.5.5.5 and 6.5.5.6). */
import { createHash } from "node:crypto";
import { VouchError } from "../../base/errors.ts";
import type { Secret } from "../../base/secret.ts";
import { clientPinEncrypted, SUBCOMMAND } from "./client-pin.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import type { PinProtocol, SharedSecret } from "./pin-protocol.ts";

const pinHashBytes = 16;
const maxPinBytes = 63;
const paddedPinBytes = 64;

/** Why a PIN is rejected before it is sent to the key; lengths in code points, sizes in bytes of UTF-8. */
export type PinFault =
  | { kind: "too_short"; length: number; minLength: number }
  | { kind: "too_long"; size: number; maxSize: number }
  | { kind: "control_character" };

/**
 * The PIN hash that the key compares: the first 16 bytes of SHA-256 over the PIN in UTF-8 and Normalization Form C.
 * Zero it after use. `minLength` is the key's minPINLength, in code points. Throws `pin_policy` for an impossible
 * length, so that such a PIN costs no retry.
 */
export function hashPin(pin: Secret, minLength: number): Uint8Array {
  const { bytes, length } = encodePin(pin);
  try {
    if (length < minLength) {
      throw new VouchError("pin_policy", `Expected a PIN of at least ${minLength} characters, got ${length}.`);
    }
    if (bytes.length > maxPinBytes) {
      throw new VouchError("pin_policy", `Expected a PIN of at most ${maxPinBytes} bytes, got ${bytes.length}.`);
    }
    return hashBytes(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Why a PIN is invalid; undefined if it may be sent to the key. */
export function pinFault(pin: Secret, minLength: number): PinFault | undefined {
  const { bytes, length } = encodePin(pin);
  const size = bytes.length;
  // The key strips zero padding, so a zero byte would truncate the PIN; other control characters cannot be retyped.
  const control = bytes.some((byte) => byte < 0x20 || byte === 0x7f);
  bytes.fill(0);
  if (length < minLength) return { kind: "too_short", length, minLength };
  if (size > maxPinBytes) return { kind: "too_long", size, maxSize: maxPinBytes };
  return control ? { kind: "control_character" } : undefined;
}

/**
 * setPIN, for a key without a PIN. `newPin` must have passed {@link pinFault}. Throws CtapError `PIN_POLICY_VIOLATION`
 * (the key's own rules), `PIN_AUTH_INVALID` (a PIN is already set).
 */
export function setPIN(
  device: CtapDevice,
  protocol: PinProtocol,
  newPin: Secret,
  options?: ExchangeOptions,
): Promise<void> {
  const request = (secret: SharedSecret) => {
    const newPinEnc = encryptNewPin(secret, newPin);
    return [
      [0x02, SUBCOMMAND.SET_PIN],
      [0x04, secret.authenticate(newPinEnc)],
      [0x05, newPinEnc],
    ] as const;
  };
  return clientPinEncrypted(device, protocol, request, () => {}, options);
}

/**
 * changePIN. `pinHash` is the old PIN's, from {@link hashPin}; `newPin` must have passed {@link pinFault}. Throws
 * CtapError `PIN_INVALID`, `PIN_AUTH_BLOCKED`, `PIN_BLOCKED` for the old PIN, `PIN_POLICY_VIOLATION` for the new one.
 */
export function changePIN(
  device: CtapDevice,
  protocol: PinProtocol,
  pinHash: Uint8Array,
  newPin: Secret,
  options?: ExchangeOptions,
): Promise<void> {
  const request = (secret: SharedSecret) => {
    const newPinEnc = encryptNewPin(secret, newPin);
    const pinHashEnc = secret.encrypt(pinHash);
    return [
      [0x02, SUBCOMMAND.CHANGE_PIN],
      [0x04, secret.authenticate(Uint8Array.of(...newPinEnc, ...pinHashEnc))],
      [0x05, newPinEnc],
      [0x06, pinHashEnc],
    ] as const;
  };
  return clientPinEncrypted(device, protocol, request, () => {}, options);
}

function encryptNewPin(secret: SharedSecret, newPin: Secret): Uint8Array {
  const { bytes } = encodePin(newPin);
  const padded = new Uint8Array(paddedPinBytes);
  try {
    if (bytes.length > maxPinBytes) {
      throw new VouchError("pin_policy", `Expected a PIN of at most ${maxPinBytes} bytes, got ${bytes.length}.`);
    }
    padded.set(bytes);
    return secret.encrypt(padded);
  } finally {
    bytes.fill(0);
    padded.fill(0);
  }
}

/** The PIN in UTF-8 and Normalization Form C, and its length in code points. The caller zeroes the bytes. */
function encodePin(pin: Secret): { bytes: Uint8Array; length: number } {
  const normalized = pin.expose().normalize("NFC");
  return { bytes: new TextEncoder().encode(normalized), length: Array.from(normalized).length };
}

function hashBytes(bytes: Uint8Array): Uint8Array {
  const digest = createHash("sha256").update(bytes).digest();
  const hash = new Uint8Array(digest.subarray(0, pinHashBytes));
  digest.fill(0);
  return hash;
}
