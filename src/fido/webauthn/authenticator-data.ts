/** Strict parser of authenticator data (WebAuthn Level 3, section 6.1). */
import { decodeBase64url } from "../codec/base64url.ts";
import { requiredField } from "../codec/cbor-fields.ts";
import { type CborMap, decodeCborMap, decodeCborPrefix } from "../codec/cbor.ts";
import { VouchError } from "../../base/errors.ts";

export interface AttestedCredentialData {
  /** All of it, as it came (6.5.1). */
  bytes: Uint8Array;
  /** 16 bytes. */
  aaguid: Uint8Array;
  credentialId: Uint8Array;
  /** The COSE_Key, decoded. */
  credentialPublicKey: CborMap;
}

export interface AuthenticatorData {
  /** SHA-256 of the RP ID, 32 bytes. */
  rpIdHash: Uint8Array;
  flags: {
    userPresent: boolean;
    userVerified: boolean;
    backupEligible: boolean;
    backedUp: boolean;
  };
  signCount: number;
  attestedCredentialData: AttestedCredentialData | undefined;
  extensions: CborMap | undefined;
}

const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 } as const;

const headerBytes = 37;
const aaguidBytes = 16;
const maxCredentialIdBytes = 1023;

/** Parses authenticator data. Throws `protocol_error` for a missing or malformed part, or trailing bytes. */
export function parseAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < headerBytes) throw malformed(`expected at least ${headerBytes} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(32);
  let rest = bytes.subarray(headerBytes);
  let attestedCredentialData: AttestedCredentialData | undefined;
  if ((flags & FLAG.AT) !== 0) [attestedCredentialData, rest] = parseAttestedCredentialData(rest);
  let extensions: CborMap | undefined;
  if ((flags & FLAG.ED) !== 0) extensions = decodeCborMap(rest);
  else if (rest.length > 0) throw malformed(`expected the end, got ${rest.length} more bytes`);
  return {
    rpIdHash: bytes.slice(0, 32),
    flags: {
      userPresent: (flags & FLAG.UP) !== 0,
      userVerified: (flags & FLAG.UV) !== 0,
      backupEligible: (flags & FLAG.BE) !== 0,
      backedUp: (flags & FLAG.BS) !== 0,
    },
    signCount: view.getUint32(33),
    attestedCredentialData,
    extensions,
  };
}

/**
 * The attested credential data of a registration as the key made them, from its attestation object in base64url (6.5.4).
 * Throws `protocol_error`.
 */
export function attestedDataOf(attestationObject: string): Uint8Array {
  const object = decodeCborMap(decodeBase64url(attestationObject));
  const { attestedCredentialData } = parseAuthenticatorData(requiredField(object, "authData", "bytes", "authData"));
  if (attestedCredentialData === undefined) throw malformed("expected attested credential data, got none");
  return attestedCredentialData.bytes;
}

function parseAttestedCredentialData(bytes: Uint8Array): [AttestedCredentialData, rest: Uint8Array] {
  const idStart = aaguidBytes + 2;
  if (bytes.length < idStart) throw malformed("expected attested credential data, got the end");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const idLength = view.getUint16(aaguidBytes);
  if (idLength > maxCredentialIdBytes) {
    throw malformed(`expected a credential id of at most ${maxCredentialIdBytes} bytes, got ${idLength}`);
  }
  const keyStart = idStart + idLength;
  if (bytes.length <= keyStart) throw malformed(`expected a credential id of ${idLength} bytes and a public key`);
  const { value, rest } = decodeCborPrefix(bytes.subarray(keyStart));
  if (!(value instanceof Map)) throw malformed("expected the public key as a map");
  return [
    {
      bytes: bytes.slice(0, bytes.length - rest.length),
      aaguid: bytes.slice(0, aaguidBytes),
      credentialId: bytes.slice(idStart, keyStart),
      credentialPublicKey: value,
    },
    rest,
  ];
}

function malformed(reason: string): VouchError {
  return new VouchError("protocol_error", `Malformed authenticator data: ${reason}.`);
}
