/** authenticatorGetInfo (CTAP 2.1 section 6.4): what the key is and can do. */
import { field } from "../codec/cbor-fields.ts";
import type { CborMap, CborValue } from "../codec/cbor.ts";
import { AUTHENTICATOR, sendCommand } from "./command.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";

export interface AuthenticatorInfo {
  versions: readonly string[];
  extensions: readonly string[];
  /** 16 bytes; zeros when the key tells none. */
  aaguid: Uint8Array;
  /** An absent option and a false one differ: `clientPin` false is "could, but none is set", absent is "cannot". */
  options: ReadonlyMap<string, boolean>;
  /** The longest message (command byte and CBOR) that the key takes, in bytes. */
  maxMsgSize: number;
  /** The key's preferred first. */
  pinUvAuthProtocols: readonly number[];
  maxCredentialCountInList: number | undefined;
  maxCredentialIdLength: number | undefined;
  transports: readonly string[];
  /** COSE algorithm identifiers; undefined when the key tells none. */
  algorithms: readonly number[] | undefined;
  forcePINChange: boolean;
  /** In Unicode code points. */
  minPINLength: number;
  /** How often the platform should try built-in verification before it asks for the PIN. */
  preferredPlatformUvAttempts: number | undefined;
  /** Discoverable credentials for which there is still room; undefined when the key does not tell. */
  remainingDiscoverableCredentials: number | undefined;
}

const aaguidBytes = 16;
const defaultMaxMsgSize = 1024;
const defaultMinPinLength = 4;
const maxPinLength = 63;

/** Asks the key. Unknown members are passed over, missing and unusable ones get the specification's defaults. */
export async function getInfo(device: CtapDevice, options?: ExchangeOptions): Promise<AuthenticatorInfo> {
  return readInfo(await sendCommand(device, AUTHENTICATOR.GET_INFO, undefined, { ...options, repeatable: true }));
}

function readInfo(map: CborMap): AuthenticatorInfo {
  const aaguid = field(map, 0x03, "bytes");
  const clientPin = field(map, 0x04, "map")?.has("clientPin") ?? false;
  const protocols = numbers(field(map, 0x06, "list"));
  return {
    versions: texts(field(map, 0x01, "list")),
    extensions: texts(field(map, 0x02, "list")),
    aaguid: aaguid?.length === aaguidBytes ? aaguid : new Uint8Array(aaguidBytes),
    options: booleans(field(map, 0x04, "map")),
    maxMsgSize: field(map, 0x05, "integer") ?? defaultMaxMsgSize,
    // The first CTAP 2.0 keys have a PIN but do not name protocol one, the only one of their time.
    pinUvAuthProtocols: protocols.length === 0 && clientPin ? [1] : protocols,
    maxCredentialCountInList: field(map, 0x07, "integer"),
    maxCredentialIdLength: field(map, 0x08, "integer"),
    transports: texts(field(map, 0x09, "list")),
    algorithms: algorithms(field(map, 0x0a, "list")),
    forcePINChange: field(map, 0x0c, "boolean") ?? false,
    minPINLength: pinLength(field(map, 0x0d, "integer")),
    preferredPlatformUvAttempts: field(map, 0x11, "integer"),
    remainingDiscoverableCredentials: field(map, 0x14, "integer"),
  };
}

/** No key can ask for more characters than a PIN has bytes. */
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

function algorithms(list: readonly CborValue[] | undefined): number[] | undefined {
  return list?.flatMap((entry) => (entry instanceof Map ? (field(entry, "alg", "integer") ?? []) : []));
}
