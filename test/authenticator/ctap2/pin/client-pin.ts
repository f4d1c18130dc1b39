/** authenticatorClientPIN, the authenticator's side (CTAP 2.1 section 6.5.5). */
import type { CborMap, CborValue } from "../../../../src/fido/codec/cbor.ts";
import type { Ctap2Authenticator } from "../ctap2.ts";
import { spoiltPublicKey } from "../lies.ts";
import { optional, required } from "../parameters.ts";
import { encrypt, type Shared, verify, type Version } from "./pin-protocol.ts";
import { PERMISSION } from "./pin-state.ts";
import { isModern } from "../../settings.ts";
import { StatusError } from "../status.ts";
import type { Call } from "../../touch.ts";

type Answer = [number, CborValue][];

const MC_GA = PERMISSION.MC | PERMISSION.GA;
/** The permissions of the features that the key has. */
const SUPPORTED = MC_GA | PERMISSION.CM | PERMISSION.ACFG;

/** Answers one sub-command. */
export async function clientPin(key: Ctap2Authenticator, request: CborMap, call: Call): Promise<Answer> {
  const { pin, settings } = key;
  const modern = isModern(settings);
  // CTAP 2.1 needs the protocol only where it is used.
  if (!modern) protocolOf(key, request);
  switch (required(request, 0x02, "integer")) {
    case 0x01:
      return [
        [0x03, pin.pinRetries],
        [0x04, pin.powerCycleNeeded],
      ];
    case 0x02:
      return [
        [0x01, spoiltPublicKey(settings.lie, "keyAgreement", pin.keyAgreement(protocolOf(key, request)).publicKey())],
      ];
    case 0x03:
      return setPin(key, request);
    case 0x04:
      return changePin(key, request);
    case 0x05:
      if (request.has(0x09) || request.has(0x0a)) throw new StatusError("INVALID_PARAMETER");
      // The preview of credential management knows no permissions.
      return tokenForPin(
        key,
        request,
        settings.ctap === "2.1-pre" ? MC_GA | PERMISSION.CM : MC_GA,
        undefined,
        "PIN_INVALID",
      );
    case 0x06: {
      if (!modern || !key.hasFingerprint) throw new StatusError("INVALID_SUBCOMMAND");
      return tokenForFinger(key, request, call);
    }
    case 0x07:
      if (!modern || settings.fingerprint === "absent") throw new StatusError("INVALID_SUBCOMMAND");
      return [[0x05, pin.uvRetries]];
    case 0x09: {
      if (!modern) throw new StatusError("INVALID_SUBCOMMAND");
      const { permissions, rpId } = scopeOf(request);
      return tokenForPin(key, request, permissions, rpId, "PIN_POLICY_VIOLATION");
    }
    default:
      throw new StatusError("INVALID_SUBCOMMAND");
  }
}

function setPin({ pin, ...key }: Pick<Ctap2Authenticator, "pin" | "settings">, request: CborMap): Answer {
  const shared = sharedOf({ pin, ...key }, request);
  const param = required(request, 0x04, "bytes");
  const newPinEnc = required(request, 0x05, "bytes");
  if (pin.isSet) throw new StatusError("PIN_AUTH_INVALID");
  if (!verify(shared.version, shared.hmac, newPinEnc, param)) throw new StatusError("PIN_AUTH_INVALID");
  pin.setPin(shared, newPinEnc);
  return [];
}

function changePin({ pin, ...key }: Pick<Ctap2Authenticator, "pin" | "settings">, request: CborMap): Answer {
  const shared = sharedOf({ pin, ...key }, request);
  const param = required(request, 0x04, "bytes");
  const newPinEnc = required(request, 0x05, "bytes");
  const pinHashEnc = required(request, 0x06, "bytes");
  if (!pin.isSet) throw new StatusError("PIN_NOT_SET");
  if (pin.pinRetries === 0) throw new StatusError("PIN_BLOCKED");
  if (pin.powerCycleNeeded) throw new StatusError("PIN_AUTH_BLOCKED");
  const message = Buffer.concat([newPinEnc, pinHashEnc]);
  if (!verify(shared.version, shared.hmac, message, param)) throw new StatusError("PIN_AUTH_INVALID");
  pin.checkPin(shared, pinHashEnc);
  pin.setPin(shared, newPinEnc);
  return [];
}

function tokenForPin(
  key: Ctap2Authenticator,
  request: CborMap,
  permissions: number,
  rpId: string | undefined,
  whileChangeIsDemanded: "PIN_INVALID" | "PIN_POLICY_VIOLATION",
): Answer {
  const pinHashEnc = required(request, 0x06, "bytes");
  const shared = sharedOf(key, request);
  if (key.settings.noMcGaPermissionsWithClientPin && (permissions & MC_GA) !== 0) {
    throw new StatusError("UNAUTHORIZED_PERMISSION");
  }
  key.pin.checkPin(shared, pinHashEnc);
  const { forcePINChangeStatus } = key.settings;
  if (key.pin.forcePINChange) {
    throw new StatusError(forcePINChangeStatus === "specification" ? whileChangeIsDemanded : forcePINChangeStatus);
  }
  return [[0x02, encrypt(shared, key.pin.issueToken(shared.version, permissions, rpId, false))]];
}

async function tokenForFinger(key: Ctap2Authenticator, request: CborMap, call: Call): Promise<Answer> {
  const shared = sharedOf(key, request);
  const { permissions, rpId } = scopeOf(request);
  await key.verifyFinger(call);
  return [[0x02, encrypt(shared, key.pin.issueToken(shared.version, permissions, rpId, true))]];
}

function scopeOf(request: CborMap): { permissions: number; rpId: string | undefined } {
  const permissions = required(request, 0x09, "integer");
  const rpId = optional(request, 0x0a, "text");
  if (permissions === 0) throw new StatusError("INVALID_PARAMETER");
  if ((permissions & ~SUPPORTED & 0x3f) !== 0) throw new StatusError("UNAUTHORIZED_PERMISSION");
  if ((permissions & MC_GA) !== 0 && rpId === undefined) throw new StatusError("MISSING_PARAMETER");
  return { permissions, rpId };
}

function protocolOf({ settings }: Pick<Ctap2Authenticator, "settings">, request: CborMap): Version {
  const asked = required(request, 0x01, "integer");
  const version = settings.protocols.find((one) => one === asked);
  if (version === undefined) throw new StatusError("INVALID_PARAMETER");
  return version;
}

function sharedOf(key: Pick<Ctap2Authenticator, "pin" | "settings">, request: CborMap): Shared {
  const version = protocolOf(key, request);
  return key.pin.keyAgreement(version).decapsulate(version, required(request, 0x03, "map"));
}
