/** The hmac-secret extension, the authenticator's side (CTAP 2.1 section 12.5). */
import { createHmac } from "node:crypto";
import type { CborMap } from "../../../src/fido/codec/cbor.ts";
import type { Ctap2Authenticator } from "./ctap2.ts";
import type { Credential } from "./credentials.ts";
import { optional, required } from "./parameters.ts";
import { decrypt, encrypt, verify } from "./pin/pin-protocol.ts";
import { StatusError } from "./status.ts";

export const HMAC_SECRET = "hmac-secret";
const INPUT = { keyAgreement: 0x01, saltEnc: 0x02, saltAuth: 0x03, pinUvAuthProtocol: 0x04 } as const;
const SALT_BYTES = 32;

/**
 * The encrypted output for an assertion; undefined when the request does not ask for one, or the credential was made
 * without the extension.
 * @param extensions the request's extensions
 */
export function hmacSecret(
  { settings, pin }: Ctap2Authenticator,
  extensions: CborMap,
  credential: Credential,
  flags: { userPresent: boolean; userVerified: boolean },
): Uint8Array | undefined {
  const input = optional(extensions, HMAC_SECRET, "map");
  if (input === undefined || credential.credRandom === undefined) return undefined;
  const saltEnc = required(input, INPUT.saltEnc, "bytes");
  const saltAuth = required(input, INPUT.saltAuth, "bytes");
  const asked = optional(input, INPUT.pinUvAuthProtocol, "integer") ?? 1;
  const version = settings.protocols.find((one) => one === asked);
  if (version === undefined) throw new StatusError("INVALID_PARAMETER");
  const shared = pin.keyAgreement(version).decapsulate(version, required(input, INPUT.keyAgreement, "map"));
  if (!verify(version, shared.hmac, saltEnc, saltAuth)) throw new StatusError("PIN_AUTH_INVALID");
  const salts = decrypt(shared, saltEnc);
  if (salts?.length !== SALT_BYTES && salts?.length !== 2 * SALT_BYTES) throw new StatusError("INVALID_LENGTH");
  const random = credential.credRandom[flags.userVerified ? "withUV" : "withoutUV"];
  const outputs = [salts.subarray(0, SALT_BYTES), salts.subarray(SALT_BYTES)].filter(({ length }) => length > 0);
  return encrypt(shared, Buffer.concat(outputs.map((salt) => createHmac("sha256", random).update(salt).digest())));
}
