/** authenticatorConfig, the authenticator's side (CTAP 2.1 section 6.11). */
import { type CborMap, type CborValue, encodeCbor } from "../../../../src/fido/codec/cbor.ts";
import { authorize, MANAGEMENT } from "../pin/authorization.ts";
import type { Ctap2Authenticator } from "../ctap2.ts";
import { optional, required } from "../parameters.ts";
import { PERMISSION } from "../pin/pin-state.ts";
import { StatusError } from "../status.ts";

const COMMAND = 0x0d;
const SUBCOMMAND = { ENABLE_ENTERPRISE_ATTESTATION: 0x01, TOGGLE_ALWAYS_UV: 0x02, SET_MIN_PIN_LENGTH: 0x03 } as const;
const PARAMS = { newMinPINLength: 0x01, minPinLengthRPIDs: 0x02, forceChangePin: 0x03 } as const;
/** How many relying parties may be told the minimum PIN length (getInfo 0x10). */
export const MAX_RP_IDS = 8;
const MAX_PIN_LENGTH = 63;

export function config(key: Ctap2Authenticator, request: CborMap): [number, CborValue][] {
  const subCommand = required(request, MANAGEMENT.subCommand, "integer");
  const params = optional(request, MANAGEMENT.subCommandParams, "map");
  const { settings } = key;
  const known: number[] = [SUBCOMMAND.TOGGLE_ALWAYS_UV, SUBCOMMAND.SET_MIN_PIN_LENGTH];
  if (settings.ctap === "2.3") known.push(SUBCOMMAND.ENABLE_ENTERPRISE_ATTESTATION);
  if (!known.includes(subCommand)) throw new StatusError("INVALID_PARAMETER");
  if (key.isProtected || (settings.alwaysUv && subCommand !== SUBCOMMAND.TOGGLE_ALWAYS_UV)) {
    const bytes = params === undefined ? [] : encodeCbor(params);
    const message = Uint8Array.of(...new Uint8Array(32).fill(0xff), COMMAND, subCommand, ...bytes);
    authorize(key, request, PERMISSION.ACFG, message);
  }
  if (subCommand === SUBCOMMAND.TOGGLE_ALWAYS_UV) settings.alwaysUv = !settings.alwaysUv;
  if (subCommand === SUBCOMMAND.SET_MIN_PIN_LENGTH) setMinPINLength(key, params ?? new Map());
  return [];
}

/** Section 6.11.4. */
function setMinPINLength({ settings, pin, minPinLengthRPIDs }: Ctap2Authenticator, params: CborMap): void {
  const length = optional(params, PARAMS.newMinPINLength, "integer") ?? settings.minPINLength;
  const rpIds = optional(params, PARAMS.minPinLengthRPIDs, "list") ?? [];
  const force = optional(params, PARAMS.forceChangePin, "boolean") ?? false;
  if (!rpIds.every((rpId) => typeof rpId === "string")) throw new StatusError("CBOR_UNEXPECTED_TYPE");
  if (length < settings.minPINLength || length > MAX_PIN_LENGTH) throw new StatusError("PIN_POLICY_VIOLATION");
  if (force && !pin.isSet) throw new StatusError("PIN_NOT_SET");
  if (rpIds.length > MAX_RP_IDS) throw new StatusError("KEY_STORE_FULL");
  if (rpIds.length > 0) minPinLengthRPIDs.splice(0, MAX_RP_IDS, ...rpIds);
  settings.minPINLength = length;
  pin.demandNewPin(force, length);
}
