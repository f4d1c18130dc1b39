/** Reads a certificate (X.509, RFC 5280) with what attestation and metadata check; URLs in it are ignored. */
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { VouchError } from "../../base/errors.ts";
import { children, type Element, only, tags } from "./der.ts";

export interface Certificate {
  der: Uint8Array;
  version: number;
  /** Attribute → value; for a repeated attribute, the last. */
  subject: ReadonlyMap<string, string>;
  isCa: boolean;
  /** How many further authorities may follow (RFC 5280, 4.2.1.9); undefined without a limit. */
  pathLength: number | undefined;
  /** Undefined without the extension: then the key is for everything. */
  keyUsage: { digitalSignature: boolean; keyCertSign: boolean } | undefined;
  publicKey: KeyObject;
  /** SHA-1 of the public key's bits, in hexadecimal: how metadata names a certificate of U2F. */
  keyIdentifier: string;
  /** Seconds since 1970. */
  notBefore: number;
  notAfter: number;
  /** OIDs of algorithms, in hexadecimal: that of its own signature. */
  signatureAlgorithm: string;
  /** Something in it that must be understood, and is not. */
  notUnderstood: string | undefined;
  /** id-fido-gen-ce-aaguid (WebAuthn Level 3, 8.2.1); undefined if absent. */
  aaguid: Uint8Array | undefined;
  x509: X509Certificate;
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** DER content of extensions' OIDs, in hexadecimal. */
const oids = {
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  nameConstraints: "551d1e",
  policyConstraints: "551d24",
  /** 1.3.6.1.4.1.45724.1.1.4 */
  aaguid: "2b0601040182e51c010104",
} as const;

/**
 * Reads a certificate in DER. Throws `protocol_error`, which begins with `what`, if it is none, or if node:crypto does
 * not support its key.
 */
export function readCertificate(der: Uint8Array, what = "its attestation certificate"): Certificate {
  try {
    return read(der);
  } catch (error) {
    throw new VouchError("protocol_error", `${what} is malformed`, { cause: error });
  }
}

function read(der: Uint8Array): Certificate {
  const x509 = new X509Certificate(der);
  const [body, algorithm] = children(only(der, tags.SEQUENCE));
  const fields = children(body!.content);
  const isVersioned = fields[0]?.tag === VERSION;
  const version = (isVersioned ? (only(fields[0]!.content, tags.INTEGER)[0] ?? 0) : 0) + 1;
  const inner = fields[isVersioned ? 2 : 1]!;
  // RFC 5280, 4.1.1.2: both name the same algorithm.
  if (!Buffer.from(inner.raw).equals(algorithm!.raw)) throw new Error("its two algorithms differ");
  const extensions = readExtensions(fields.find(({ tag }) => tag === EXTENSIONS)?.content);
  const { isCa, pathLength } = readBasicConstraints(extensions.get(oids.basicConstraints)?.value);
  return {
    der,
    version,
    subject: new Map(x509.subject.split("\n").map((line) => split(line))),
    isCa,
    pathLength,
    keyUsage: readKeyUsage(extensions.get(oids.keyUsage)?.value),
    publicKey: x509.publicKey,
    keyIdentifier: keyIdentifier(fields[isVersioned ? 6 : 5]!),
    notBefore: x509.validFromDate.getTime() / 1000,
    notAfter: x509.validToDate.getTime() / 1000,
    signatureAlgorithm: hex(children(inner.content)[0]!.content),
    notUnderstood: notUnderstood(extensions),
    aaguid: readAaguid(extensions.get(oids.aaguid)),
    x509,
  };
}

interface Extension {
  critical: boolean;
  value: Uint8Array;
}

/** By OID. RFC 5280, 4.2: none twice. */
function readExtensions(content: Uint8Array | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (content === undefined) return extensions;
  for (const extension of children(only(content, tags.SEQUENCE))) {
    const parts = children(extension.content);
    const [id, value] = [parts[0]!, parts.at(-1)!];
    const critical = parts.length === 3 && parts[1]!.tag === tags.BOOLEAN && parts[1]!.content[0] !== 0;
    if (id.tag !== tags.OID || value.tag !== tags.OCTET_STRING || parts.length > 3) throw new Error("an extension");
    const oid = hex(id.content);
    if (extensions.has(oid)) throw new Error("an extension stands twice");
    extensions.set(oid, { critical, value: value.content });
  }
  return extensions;
}

function readBasicConstraints(value: Uint8Array | undefined): Pick<Certificate, "isCa" | "pathLength"> {
  const parts = value === undefined ? [] : children(only(value, tags.SEQUENCE));
  const isCa = parts[0]?.tag === tags.BOOLEAN && parts[0].content[0] !== 0;
  const length = parts.find(({ tag }) => tag === tags.INTEGER)?.content;
  return { isCa, pathLength: length && Number.parseInt(hex(length), 16) };
}

/** Bits are counted from the most significant one (RFC 5280, 4.2.1.3). */
function readKeyUsage(value: Uint8Array | undefined): Certificate["keyUsage"] {
  if (value === undefined) return undefined;
  const bits = only(value, tags.BIT_STRING)[1] ?? 0;
  return { digitalSignature: (bits & 0x80) !== 0, keyCertSign: (bits & 0x04) !== 0 };
}

function readAaguid(extension: Extension | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined;
  // The extension is not critical, and its OCTET STRING wraps another one with the AAGUID.
  const aaguid = only(extension.value, tags.OCTET_STRING);
  if (extension.critical || aaguid.length !== 16) throw new Error("the AAGUID extension is malformed");
  return aaguid;
}

/** RFC 5280, 4.2: a critical extension that is not processed is a reason to refuse; so is a limit that is not obeyed. */
function notUnderstood(extensions: ReadonlyMap<string, Extension>): string | undefined {
  for (const [oid, { critical }] of extensions) {
    if (oid === oids.nameConstraints || oid === oids.policyConstraints) return "a constraint that is not supported";
    const isUnderstood = oid === oids.basicConstraints || oid === oids.keyUsage;
    if (critical && !isUnderstood) return "a critical extension that is not supported";
  }
  return undefined;
}

function keyIdentifier({ content }: Element): string {
  const bits = children(content)[1]!.content.subarray(1);
  return createHash("sha1").update(bits).digest("hex");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function split(line: string): [name: string, value: string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
