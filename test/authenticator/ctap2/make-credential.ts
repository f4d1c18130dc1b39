/** authenticatorMakeCredential, the authenticator's side (CTAP 2.1 section 6.1.2). */
import { sign } from "node:crypto";
import type { CborMap, CborValue } from "../../../src/fido/codec/cbor.ts";
import { authenticatorData } from "./authenticator-data.ts";
import type { Ctap2Authenticator } from "./ctap2.ts";
import { signWith, type User } from "./credentials.ts";
import { HMAC_SECRET } from "./hmac-secret.ts";
import { spoiltAuthData, spoiltPublicKey } from "./lies.ts";
import { maps, optional, required } from "./parameters.ts";
import { PERMISSION } from "./pin/pin-state.ts";
import { isModern, type Settings } from "../settings.ts";
import { StatusError } from "./status.ts";
import type { Call } from "../touch.ts";
import { answerSelection, checkOptions, type Layout, option, verifyUser } from "./user-verification.ts";

const layout: Layout = { options: 0x07, pinUvAuthParam: 0x08, pinUvAuthProtocol: 0x09, permission: PERMISSION.MC };
const ES256 = -7;

/** Makes a credential with packed attestation: that of its vendor, else by itself. */
export async function makeCredential(
  key: Ctap2Authenticator,
  request: CborMap,
  call: Call,
): Promise<[number, CborValue][]> {
  const clientDataHash = required(request, 0x01, "bytes");
  const rpId = required(required(request, 0x02, "map"), "id", "text");
  const user = readUser(required(request, 0x03, "map"));
  const parameters = maps(required(request, 0x04, "list"));
  // What is malformed is refused before anything else is looked at (section 8.2).
  const excludeList = key.readDescriptors(optional(request, 0x05, "list"));
  const extensions = optional(request, 0x06, "map") ?? new Map<string, CborValue>();
  for (const name of [HMAC_SECRET, "minPinLength"]) optional(extensions, name, "boolean");
  optional(extensions, "credProtect", "integer");
  checkOptions(request, layout);
  await answerSelection(key, request, layout, call);
  if (clientDataHash.length !== 32) throw new StatusError("INVALID_PARAMETER");
  if (!parameters.some(supported)) throw new StatusError("UNSUPPORTED_ALGORITHM");
  if (request.has(0x0a)) throw new StatusError("INVALID_PARAMETER");
  const rk = option(request, layout, "rk") === true;
  const up = option(request, layout, "up");
  if (up === false || (up === true && !isModern(key.settings))) throw new StatusError("INVALID_OPTION");
  if (rk && key.settings.capacity === 0) throw new StatusError("UNSUPPORTED_OPTION");

  const verified = await verifyUser(key, request, layout, { rpId, clientDataHash }, call);
  if (!verified.userVerified && key.isProtected && (rk || !key.settings.makeCredUvNotRqd || key.settings.alwaysUv)) {
    throw new StatusError("PUAT_REQUIRED");
  }
  const credProtect = readCredProtect(key.settings, request);
  const excluded = key.credentials.listed(rpId, excludeList);
  if (excluded.some((credential) => verified.userVerified || credential.credProtect < 3)) {
    await key.touch.wait(call);
    throw new StatusError("CREDENTIAL_EXCLUDED");
  }
  if (!verified.userPresent) await key.touch.wait(call);
  key.pin.consumeToken();

  const modern = isModern(key.settings);
  const hmacSecret = modern && extensions.get(HMAC_SECRET) === true;
  const credential = key.credentials.create(rpId, user, rk, credProtect ?? 1, hmacSecret);
  const flags = { userPresent: true, userVerified: verified.userVerified };
  const outputs = new Map<string, CborValue>();
  if (credProtect !== undefined) outputs.set("credProtect", credProtect);
  if (hmacSecret) outputs.set(HMAC_SECRET, true);
  if (modern && extensions.get("minPinLength") === true && key.minPinLengthRPIDs.includes(rpId)) {
    outputs.set("minPinLength", key.settings.minPINLength);
  }
  const { lie, aaguid, attestation } = key.settings;
  const told = { ...credential, publicKey: spoiltPublicKey(lie, "credential", credential.publicKey) };
  const authData = spoiltAuthData(lie, authenticatorData(told, flags, aaguid, outputs));
  const signature = attestation
    ? new Uint8Array(sign("sha256", Buffer.concat([authData, clientDataHash]), attestation.privateKey))
    : signWith(credential, authData, clientDataHash);
  const certificates = attestation && [attestation.certificate, ...(attestation.chain ?? [])];
  return [
    [0x01, "packed"],
    [0x02, authData],
    [
      0x03,
      new Map<string, CborValue>([
        ["alg", ES256],
        ["sig", signature],
        ...(certificates ? ([["x5c", certificates]] as const) : []),
      ]),
    ],
  ];
}

/** The level that is asked for; undefined on a key that does not know the extension (it passes over it). */
function readCredProtect(settings: Settings, request: CborMap): number | undefined {
  const level = optional(optional(request, 0x06, "map") ?? new Map(), "credProtect", "integer");
  if (!isModern(settings)) return undefined;
  if (level !== undefined && ![1, 2, 3].includes(level)) throw new StatusError("INVALID_OPTION");
  return level;
}

function readUser(user: CborMap): User {
  const id = required(user, "id", "bytes");
  if (id.length === 0 || id.length > 64) throw new StatusError("INVALID_PARAMETER");
  return { id, name: optional(user, "name", "text"), displayName: optional(user, "displayName", "text") };
}

function supported(parameter: CborMap): boolean {
  const alg = required(parameter, "alg", "integer");
  return required(parameter, "type", "text") === "public-key" && alg === ES256;
}
