/** What MakeCredential and GetAssertion have in common: options, user verification, user presence. */
import type { CborMap } from "../../../src/fido/codec/cbor.ts";
import type { Ctap2Authenticator } from "./ctap2.ts";
import { optional, required } from "./parameters.ts";
import { isModern } from "../settings.ts";
import { StatusError } from "./status.ts";
import type { Call } from "../touch.ts";

/** Where the two commands have their parameters. */
export interface Layout {
  options: number;
  pinUvAuthParam: number;
  pinUvAuthProtocol: number;
  permission: number;
}

export interface Verified {
  userVerified: boolean;
  /** The verification was a touch too. */
  userPresent: boolean;
}

/** An empty pinUvAuthParam: how platforms have the user pick among keys of CTAP 2.0. */
export async function answerSelection(
  { pin, touch }: Ctap2Authenticator,
  request: CborMap,
  layout: Layout,
  call: Call,
): Promise<void> {
  if (optional(request, layout.pinUvAuthParam, "bytes")?.length !== 0) return;
  await touch.wait(call);
  throw new StatusError(pin.isSet ? "PIN_INVALID" : "PIN_NOT_SET");
}

/** CBOR_UNEXPECTED_TYPE for an option that is neither true nor false. */
export function checkOptions(request: CborMap, { options, pinUvAuthParam, pinUvAuthProtocol }: Layout): void {
  const given = optional(request, options, "map") ?? new Map();
  for (const name of given.keys()) optional(given, name, "boolean");
  optional(request, pinUvAuthParam, "bytes");
  optional(request, pinUvAuthProtocol, "integer");
}

/** The option, or what holds without it. */
export function option(request: CborMap, layout: Layout, name: string): boolean | undefined {
  const options = optional(request, layout.options, "map");
  return options === undefined ? undefined : optional(options, name, "boolean");
}

/** Verifies the user as the request says: by a token, by the sensor, or not at all. */
export async function verifyUser(
  key: Ctap2Authenticator,
  request: CborMap,
  layout: Layout,
  scope: { rpId: string; clientDataHash: Uint8Array },
  call: Call,
): Promise<Verified> {
  const { settings, pin } = key;
  const param = optional(request, layout.pinUvAuthParam, "bytes");
  if (param !== undefined) {
    const asked = required(request, layout.pinUvAuthProtocol, "integer");
    const version = settings.protocols.find((one) => one === asked);
    if (version === undefined) throw new StatusError("INVALID_PARAMETER");
    const { userPresent } = pin.useToken(version, layout.permission, scope.rpId, scope.clientDataHash, param);
    return { userVerified: true, userPresent };
  }
  if (option(request, layout, "uv") !== true) {
    if (settings.alwaysUv && option(request, layout, "up") !== false) {
      throw new StatusError(key.isProtected ? "PUAT_REQUIRED" : "OPERATION_DENIED");
    }
    return { userVerified: false, userPresent: false };
  }
  if (!key.hasFingerprint) throw new StatusError("INVALID_OPTION");
  try {
    await key.verifyFinger(call);
  } catch (error) {
    const unrecognised = error instanceof StatusError && (error.is("UV_INVALID") || error.is("UV_BLOCKED"));
    if (!isModern(settings) || !unrecognised) throw error;
    const pinHelps = pin.isSet && !settings.noMcGaPermissionsWithClientPin;
    throw new StatusError(pinHelps ? "PUAT_REQUIRED" : "OPERATION_DENIED");
  }
  return { userVerified: true, userPresent: true };
}
