/**
 * Parses and verifies attestation statements (WebAuthn Level 3, 8) offline: URLs in certificates (CRL, AIA) are never
 * fetched, and formats that would need it are not supported.
 */
import { type KeyObject, verify } from "node:crypto";
import { type CborMap, decodeCborMap } from "../../fido/codec/cbor.ts";
import { requiredField } from "../../fido/codec/cbor-fields.ts";
import { ES256, importCoseKey } from "../../fido/codec/cose.ts";
import { VouchError } from "../../base/errors.ts";
import { type AuthenticatorData, parseAuthenticatorData } from "../../fido/webauthn/authenticator-data.ts";
import { type Certificate, readCertificate } from "../policy/certificate.ts";

/** The attestation formats that USB security keys use. */
const formats: ReadonlySet<string> = new Set(["none", "packed", "fido-u2f"]);

/**
 * Those that a computer or phone answers with when it is asked for an attestation (Windows Hello, Android, older Safari). They are
 * not verified, and prove no more than `none`, which a browser can put in their place (WebAuthn Level 3, 5.1.3).
 */
const platformFormats: ReadonlySet<string> = new Set(["tpm", "android-key", "android-safetynet", "apple"]);

/** Limits for untrusted chains; batch certificates and their intermediates have about 1 KiB each. */
const maxCertificates = 4;
const maxCertificateBytes = 4096;
const maxSignatureBytes = 1024;

/** COSE algorithms (IANA) of attestation keys, with node:crypto's names of their hash and key type. */
const algorithms = new Map<number, { hash: string | null; keyType: string }>([
  [ES256, { hash: "sha256", keyType: "ec" }],
  [-8, { hash: null, keyType: "ed25519" }],
  [-35, { hash: "sha384", keyType: "ec" }],
  [-36, { hash: "sha512", keyType: "ec" }],
  [-257, { hash: "sha256", keyType: "rsa" }],
]);

/** A parsed attestation object; its statement is not verified yet. */
export interface Attestation {
  format: string;
  statement: CborMap;
  /** Authenticator data: the signed bytes, and decoded. */
  authData: Uint8Array;
  decoded: AuthenticatorData;
  /** The attested credential data, as they came. */
  attested: Uint8Array;
  credentialId: Uint8Array;
  aaguid: Uint8Array;
  /** The credential's public key: ES256 on P-256. */
  publicKey: KeyObject;
}

/**
 * Parses an attestation object (WebAuthn Level 3, 6.5.4) strictly. Checks only the form, and that the public key can
 * verify a login (ES256). `allowsBuiltIn`: also of the formats that a phone or computer has. Throws `protocol_error`.
 */
export function readAttestation(bytes: Uint8Array, allowsBuiltIn = false): Attestation {
  const object = decodeCborMap(bytes);
  expectKeys(object, ["fmt", "attStmt", "authData"], "the attestation object");
  const format = requiredField(object, "fmt", "text", "fmt");
  if (!formats.has(format) && !(allowsBuiltIn && platformFormats.has(format)))
    throw malformed("its attestation format is not one that security keys use");
  const statement = requiredField(object, "attStmt", "map", "attStmt");
  const authData = requiredField(object, "authData", "bytes", "authData");
  const decoded = parseAuthenticatorData(authData);
  const attested = decoded.attestedCredentialData;
  if (!attested || attested.credentialId.length === 0) throw malformed("it has no credential");
  // 6.5.1.1: alg and the parameters that the key type requires, no others.
  if (attested.credentialPublicKey.size !== 5) throw malformed("its public key has other than five parameters");
  const publicKey = importCoseKey(attested.credentialPublicKey, ES256);
  return {
    format,
    statement,
    authData,
    decoded,
    attested: attested.bytes,
    credentialId: attested.credentialId,
    aaguid: attested.aaguid,
    publicKey,
  };
}

/**
 * Verifies the statement's signature, and returns its certificates, the signer's first; none without an attestation or
 * by self attestation, and of a format of phones and computers. A vendor's certificate is checked for the fields that its format requires, but not against a
 * root: alone, the statement proves nothing about the vendor (src/server/policy judges the chain). `clientDataHash` is
 * the SHA-256 of the client data.
 * Throws `protocol_error`.
 */
export function verifyAttestation(attestation: Attestation, clientDataHash: Uint8Array): Certificate[] {
  switch (attestation.format) {
    case "packed":
      return verifyPacked(attestation, clientDataHash);
    case "fido-u2f":
      return verifyFidoU2f(attestation, clientDataHash);
    case "none":
      expectKeys(attestation.statement, [], "an attestation statement of the format none");
      return [];
    default:
      return [];
  }
}

/** Verifies a `packed` statement (WebAuthn Level 3, 8.2). */
function verifyPacked(attestation: Attestation, clientDataHash: Uint8Array): Certificate[] {
  const { statement, authData, aaguid, publicKey } = attestation;
  const self = !statement.has("x5c");
  expectKeys(statement, self ? ["alg", "sig"] : ["alg", "sig", "x5c"], "a packed attestation statement");
  const alg = requiredField(statement, "alg", "integer", "alg");
  const signed = Buffer.concat([authData, clientDataHash]);
  if (self) {
    if (alg !== ES256) throw malformed("its self attestation has another algorithm than its key");
    verifySignature(alg, signed, publicKey, readSignature(statement));
    return [];
  }
  const certificates = readCertificates(statement);
  const [leaf] = certificates;
  if (!leaf) throw malformed("its list of attestation certificates is empty");
  checkPackedCertificate(leaf, aaguid);
  verifySignature(alg, signed, leaf.publicKey, readSignature(statement));
  return certificates;
}

/** Checks the certificate requirements of `packed` (WebAuthn Level 3, 8.2.1). */
function checkPackedCertificate(leaf: Certificate, aaguid: Uint8Array): void {
  const { subject } = leaf;
  if (leaf.version !== 3) throw malformed("its attestation certificate is not of X.509 version 3");
  if (!/^[A-Z]{2}$/i.test(subject.get("C") ?? "") || !subject.get("O") || !subject.get("CN")) {
    throw malformed("its attestation certificate does not name country, vendor and model");
  }
  if (subject.get("OU") !== "Authenticator Attestation") throw malformed("its certificate is not for attestation");
  if (leaf.isCa) throw malformed("its attestation certificate is that of an authority");
  if (leaf.aaguid && !Buffer.from(leaf.aaguid).equals(aaguid)) {
    throw malformed("its attestation certificate is for another model");
  }
}

/** Verifies a `fido-u2f` statement (WebAuthn Level 3, 8.6). */
function verifyFidoU2f(attestation: Attestation, clientDataHash: Uint8Array): Certificate[] {
  const { statement, decoded, credentialId, aaguid, publicKey } = attestation;
  expectKeys(statement, ["sig", "x5c"], "a fido-u2f attestation statement");
  const certificates = readCertificates(statement);
  const [leaf] = certificates;
  if (!leaf || certificates.length !== 1) throw malformed("it has other than one attestation certificate");
  if (leaf.publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw malformed("its attestation key is not on P-256");
  }
  if (aaguid.some((byte) => byte !== 0)) throw malformed("a U2F key has no AAGUID");
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = [Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  const signed = Buffer.concat([Buffer.of(0), decoded.rpIdHash, clientDataHash, credentialId, ...point]);
  verifySignature(ES256, signed, leaf.publicKey, readSignature(statement));
  return certificates;
}

function readCertificates(statement: CborMap): Certificate[] {
  const x5c = requiredField(statement, "x5c", "list", "x5c");
  if (x5c.length > maxCertificates) throw malformed(`it has more than ${maxCertificates} attestation certificates`);
  return x5c.map((der) => {
    if (!(der instanceof Uint8Array) || der.length > maxCertificateBytes) {
      throw malformed(`an attestation certificate is not bytes, or more than ${maxCertificateBytes} of them`);
    }
    return readCertificate(der);
  });
}

function readSignature(statement: CborMap): Uint8Array {
  const signature = requiredField(statement, "sig", "bytes", "sig");
  if (signature.length > maxSignatureBytes) throw malformed("its attestation signature is too long");
  return signature;
}

function verifySignature(alg: number, signed: Uint8Array, key: KeyObject, signature: Uint8Array): void {
  const algorithm = algorithms.get(alg);
  if (!algorithm || algorithm.keyType !== key.asymmetricKeyType) {
    throw malformed("its attestation algorithm is not supported or not that of its key");
  }
  // Denial of service: the cost of an RSA verification grows with the key.
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > 4096) throw malformed("its attestation key is too long");
  if (!isSigned(algorithm.hash, signed, key, signature)) throw malformed("the attestation signature is wrong");
}

function isSigned(hash: string | null, signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    // The signature is not DER, which the algorithm requires.
    return false;
  }
}

function expectKeys(map: CborMap, expected: readonly string[], what: string): void {
  if (map.size !== expected.length || expected.some((key) => !map.has(key))) {
    throw malformed(`${what} has ${expected.join(", ") || "no members"} and nothing else`);
  }
}

function malformed(reason: string): VouchError {
  return new VouchError("protocol_error", reason);
}
