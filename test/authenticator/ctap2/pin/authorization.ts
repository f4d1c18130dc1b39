/** The pinUvAuthParam of commands that manage the key (CTAP 2.1 sections 6.8 and 6.11). */
import type { CborMap } from "../../../../src/fido/codec/cbor.ts";
import type { Ctap2Authenticator } from "../ctap2.ts";
import { optional, required } from "../parameters.ts";
import { StatusError } from "../status.ts";

/** Where both commands have their parameters. */
export const MANAGEMENT = {
  subCommand: 0x01,
  subCommandParams: 0x02,
  pinUvAuthProtocol: 0x03,
  pinUvAuthParam: 0x04,
} as const;

/**
 * Checks that the request is authorized by a token with the permission.
 * @param message what the platform must have authenticated
 * @returns the relying party that the token is bound to
 */
export function authorize(
  key: Pick<Ctap2Authenticator, "pin" | "settings">,
  request: CborMap,
  permission: number,
  message: Uint8Array,
): { rpId: string | undefined } {
  const param = optional(request, MANAGEMENT.pinUvAuthParam, "bytes");
  if (param === undefined) throw new StatusError("PUAT_REQUIRED");
  const asked = required(request, MANAGEMENT.pinUvAuthProtocol, "integer");
  const version = key.settings.protocols.find((one) => one === asked);
  if (version === undefined) throw new StatusError("INVALID_PARAMETER");
  return key.pin.useManagementToken(version, permission, message, param);
}
