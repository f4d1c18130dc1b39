/** Writes authenticator data (WebAuthn Level 3, section 6.1). */
import { createHash } from "node:crypto";
import { type CborMap, encodeCbor } from "../../../src/fido/codec/cbor.ts";
import type { Credential } from "./credentials.ts";

/**
 * @param aaguid given when the public key is attested
 * @param extensions what the extensions put out
 */
export function authenticatorData(
  credential: Credential,
  flags: { userPresent: boolean; userVerified: boolean },
  aaguid?: Uint8Array,
  extensions: CborMap = new Map(),
): Uint8Array {
  const header = new Uint8Array(37);
  header.set(createHash("sha256").update(credential.rpId).digest());
  header[32] =
    (flags.userPresent ? 0x01 : 0) |
    (flags.userVerified ? 0x04 : 0) |
    (aaguid ? 0x40 : 0) |
    (extensions.size > 0 ? 0x80 : 0);
  new DataView(header.buffer).setUint32(33, credential.signCount);
  const outputs = extensions.size > 0 ? encodeCbor(extensions) : new Uint8Array(0);
  if (aaguid === undefined) return new Uint8Array(Buffer.concat([header, outputs]));
  const idLength = Buffer.alloc(2);
  idLength.writeUInt16BE(credential.id.length);
  const publicKey = encodeCbor(credential.publicKey);
  return new Uint8Array(Buffer.concat([header, aaguid, idLength, credential.id, publicKey, outputs]));
}
