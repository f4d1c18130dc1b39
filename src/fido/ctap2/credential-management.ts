/**
 * authenticatorCredentialManagement (CTAP 2.1 section 6.8), and its prototype of keys with FIDO_2_1_PRE (section 6.13):
 * lists and deletes discoverable credentials.
 */
import { createHash } from "node:crypto";
import { field, requiredField } from "../codec/cbor-fields.ts";
import { type CborMap, encodeCbor } from "../codec/cbor.ts";
import { AUTHENTICATOR, parameters, sendCommand } from "./command.ts";
import { type CredentialDescriptor, descriptorMap } from "./credential-descriptor.ts";
import type { CtapDevice, ExchangeOptions } from "./device.ts";
import type { AuthenticatorInfo } from "./get-info.ts";
import type { PinUvAuthToken } from "./pin-uv-auth-token.ts";
import { isCtapError } from "./status.ts";
import { VouchError } from "../../base/errors.ts";

const SUBCOMMAND = {
  ENUMERATE_CREDENTIALS_BEGIN: 0x04,
  ENUMERATE_CREDENTIALS_GET_NEXT: 0x05,
  DELETE_CREDENTIAL: 0x06,
} as const;

/** Upper bound on an untrusted count: no key can store as many. */
const maxCredentials = 1024;
/** Timeout for the whole list, in milliseconds. */
const listTimeoutMs = 30_000;
/** CTAP 2.1 section 6.1: limits of a credential id and of a user's id. */
const maxCredentialIdBytes = 1023;
const maxUserIdBytes = 64;

/** Which command a key has for it. */
export type CredentialManagement = "credMgmt" | "credentialMgmtPreview";

/** The key's command; undefined for a key that can list no credentials. */
export function credentialManagementOf({ options }: AuthenticatorInfo): CredentialManagement | undefined {
  if (options.get("credMgmt") === true) return "credMgmt";
  return options.get("credentialMgmtPreview") === true ? "credentialMgmtPreview" : undefined;
}

/** A discoverable credential, as the key describes it; its texts are untrusted. */
export interface StoredCredential {
  id: Uint8Array;
  user: { id: Uint8Array; name: string | undefined; displayName: string | undefined };
}

/** The key, the command that it has, and what authorizes the request. */
export interface ManagementRequest {
  device: CtapDevice;
  command: CredentialManagement;
  /** With the permission `cm`. */
  token: PinUvAuthToken;
  exchange?: ExchangeOptions;
}

/**
 * The credentials of one relying party; those of others are not asked for. Throws CtapError, and `protocol_error` for a
 * response without a required member, an impossible count, or the same credential twice.
 */
export async function enumerateCredentials(request: ManagementRequest, rpId: string): Promise<StoredCredential[]> {
  const rpIDHash = new Uint8Array(createHash("sha256").update(rpId).digest());
  let answer: CborMap;
  try {
    answer = await manage(request, SUBCOMMAND.ENUMERATE_CREDENTIALS_BEGIN, parameters([[0x01, rpIDHash]]));
  } catch (error) {
    if (isCtapError(error, "NO_CREDENTIALS")) return [];
    throw error;
  }
  const total = requiredField(answer, 0x09, "integer", "totalCredentials");
  if (total < 0 || total > maxCredentials) throw impossible(`at most ${maxCredentials} credentials`, `${total}`);
  // Keys with the prototype may answer with a count of zero in place of NO_CREDENTIALS.
  if (total === 0) return [];
  const found = new Map<string, StoredCredential>();
  const end = performance.now() + listTimeoutMs;
  for (;;) {
    const credential = readCredential(answer);
    if (found.has(credential.id.toHex())) throw impossible("every credential once", "one twice");
    found.set(credential.id.toHex(), credential);
    if (found.size === total) return [...found.values()];
    const left = Math.max(1, end - performance.now());
    const exchange = { ...request.exchange, timeoutMs: left };
    answer = await send({ ...request, exchange }, [[0x01, SUBCOMMAND.ENUMERATE_CREDENTIALS_GET_NEXT]]);
  }
}

/**
 * deleteCredential, for each. One that is gone already is no error, so that the whole can be repeated with another
 * token. Throws CtapError.
 */
export async function deleteCredentials(
  request: ManagementRequest,
  credentials: readonly CredentialDescriptor[],
): Promise<void> {
  for (const credential of credentials) {
    try {
      await manage(request, SUBCOMMAND.DELETE_CREDENTIAL, parameters([[0x02, descriptorMap(credential)]]));
    } catch (error) {
      if (!isCtapError(error, "NO_CREDENTIALS")) throw error;
    }
  }
}

/** An authorized sub-command: the pinUvAuthParam is over the sub-command and its parameters. */
function manage(request: ManagementRequest, subCommand: number, params?: CborMap): Promise<CborMap> {
  const body = params === undefined ? [] : encodeCbor(params);
  const { pinUvAuthParam, pinUvAuthProtocol } = request.token.authenticate(Uint8Array.of(subCommand, ...body));
  return send(request, [
    [0x01, subCommand],
    [0x02, params],
    [0x03, pinUvAuthProtocol],
    [0x04, pinUvAuthParam],
  ]);
}

function send({ device, command, exchange }: ManagementRequest, entries: Parameters<typeof parameters>[0]) {
  const byte =
    command === "credMgmt" ? AUTHENTICATOR.CREDENTIAL_MANAGEMENT : AUTHENTICATOR.CREDENTIAL_MANAGEMENT_PREVIEW;
  return sendCommand(device, byte, parameters(entries), exchange);
}

function readCredential(answer: CborMap): StoredCredential {
  const id = requiredField(requiredField(answer, 0x07, "map", "credentialID"), "id", "bytes", "credentialID.id");
  const user = requiredField(answer, 0x06, "map", "user");
  const userId = requiredField(user, "id", "bytes", "user.id");
  if (id.length === 0 || id.length > maxCredentialIdBytes) {
    throw impossible(`a credential id of 1 to ${maxCredentialIdBytes} bytes`, `${id.length}`);
  }
  if (userId.length > maxUserIdBytes) {
    throw impossible(`a user id of at most ${maxUserIdBytes} bytes`, `${userId.length}`);
  }
  return {
    id,
    user: { id: userId, name: field(user, "name", "text"), displayName: field(user, "displayName", "text") },
  };
}

function impossible(expected: string, got: string): VouchError {
  return new VouchError("protocol_error", `Expected ${expected}, got ${got}.`);
}
