/** authenticatorGetInfo (CTAP 2.1 section 6.4): the key's model and capabilities. */
import { field } from "../codec/cbor-fields.ts";
import type { CborMap, CborValue } from "../codec/cbor.ts";
import { AUTHENTICATOR, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";

export interface AuthenticatorInfo {
  versions: readonly string[];
  extensions: readonly string[];
  /** 16 bytes; all zero if the key reports none. */
  aaguid: Uint8Array;
  /** Absent and false differ: `clientPin` false means supported but not set, absent means unsupported. */
  options: ReadonlyMap<string, boolean>;
  /** Maximum message size (command byte and CBOR) in bytes. */
  maxMsgSize: number;
  /** In the key's order of preference. */
  pinUvAuthProtocols: readonly number[];
  maxCredentialCountInList: number | undefined;
  maxCredentialIdLength: number | undefined;
  transports: readonly string[];
  forcePINChange: boolean;
  /** In Unicode code points. */
  minPINLength: number;
  /** Attempts at built-in verification before the platform falls back to the PIN. */
  preferredPlatformUvAttempts: number | undefined;
  /** Free slots for discoverable credentials; undefined if the key does not report it. */
  remainingDiscoverableCredentials: number | undefined;
  /** COSE algorithm identifiers; undefined if the key does not report them. */
  algorithms: readonly number[] | undefined;
  /** Numbered by the vendor. */
  firmwareVersion: number | undefined;
  /** A reset takes a touch of ten seconds (CTAP 2.2). */
  longTouchForReset: boolean;
  /** Transports over which the key takes a reset (CTAP 2.2); undefined if it does not report them. */
  transportsForReset: readonly string[] | undefined;
}

const aaguidBytes = 16;
const defaultMaxMsgSize = 1024;
const defaultMinPinLength = 4;
const maxPinLength = 63;

/**
 * Sends the command. Unknown members are ignored; missing and malformed ones get the specification's defaults. Throws
 * CtapError, `protocol_error`.
 */
export async function getInfo(device: CtapDevice, options?: ExchangeOptions): Promise<AuthenticatorInfo> {
  return readInfo(await sendCommand(device, AUTHENTICATOR.GET_INFO, undefined, { ...options, repeatable: true }));
}

function readInfo(map: CborMap): AuthenticatorInfo {
  const aaguid = field(map, 0x03, "bytes");
  const clientPin = field(map, 0x04, "map")?.has("clientPin") ?? false;
  const protocols = numbers(field(map, 0x06, "list"));
  const algorithms = field(map, 0x0a, "list");
  const transportsForReset = field(map, 0x1a, "list");
  return {
    versions: texts(field(map, 0x01, "list")),
    extensions: texts(field(map, 0x02, "list")),
    aaguid: aaguid?.length === aaguidBytes ? aaguid : new Uint8Array(aaguidBytes),
    options: booleans(field(map, 0x04, "map")),
    maxMsgSize: field(map, 0x05, "integer") ?? defaultMaxMsgSize,
    // Early CTAP 2.0 keys support a PIN but do not list protocol one, then the only one.
    pinUvAuthProtocols: protocols.length === 0 && clientPin ? [1] : protocols,
    maxCredentialCountInList: field(map, 0x07, "integer"),
    maxCredentialIdLength: field(map, 0x08, "integer"),
    transports: texts(field(map, 0x09, "list")),
    forcePINChange: field(map, 0x0c, "boolean") ?? false,
    minPINLength: pinLength(field(map, 0x0d, "integer")),
    preferredPlatformUvAttempts: field(map, 0x11, "integer"),
    remainingDiscoverableCredentials: field(map, 0x14, "integer"),
    algorithms: algorithms && numbers(algorithms.map(algorithmOf)),
    firmwareVersion: field(map, 0x0e, "integer"),
    longTouchForReset: field(map, 0x18, "boolean") ?? false,
    transportsForReset: transportsForReset && texts(transportsForReset),
  };
}

/** The algorithm of a PublicKeyCredentialParameters; undefined if it is malformed. */
function algorithmOf(parameter: CborValue): number | undefined {
  return parameter instanceof Map ? field(parameter, "alg", "integer") : undefined;
}

/** Clamps untrusted input: the minimum cannot exceed the size of a PIN in bytes. */
function pinLength(told: number = defaultMinPinLength): number {
  return Math.min(Math.max(told, defaultMinPinLength), maxPinLength);
}

function texts(list: readonly CborValue[] = []): string[] {
  return list.filter((value) => typeof value === "string");
}

function numbers(list: readonly CborValue[] = []): number[] {
  return list.filter((value) => typeof value === "number");
}

function booleans(map: CborMap = new Map()): Map<string, boolean> {
  const options = new Map<string, boolean>();
  for (const [name, value] of map) {
    if (typeof name === "string" && typeof value === "boolean") options.set(name, value);
  }
  return options;
}
