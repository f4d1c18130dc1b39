/** Parses the fields of an attestation certificate (X.509, RFC 5280) that WebAuthn checks; its URLs are ignored. */
import { type KeyObject, X509Certificate } from "node:crypto";
import { VouchError } from "../../base/errors.ts";

export interface AttestationCertificate {
  version: number;
  /** Attribute → value; for a repeated attribute, the last. */
  subject: ReadonlyMap<string, string>;
  isCa: boolean;
  publicKey: KeyObject;
  /** id-fido-gen-ce-aaguid (WebAuthn Level 3, 8.2.1); undefined if absent. */
  aaguid: Uint8Array | undefined;
}

/** DER tags (X.690). */
const OID = 0x06;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** DER content of OID 1.3.6.1.4.1.45724.1.1.4 (id-fido-gen-ce-aaguid). */
const aaguidOid = Buffer.from("2b0601040182e51c010104", "hex");

/** Parses a certificate in DER. Throws `protocol_error` if it is none, or if node:crypto does not support its key. */
export function readCertificate(der: Uint8Array): AttestationCertificate {
  try {
    const certificate = new X509Certificate(der);
    const tbs = children(children(children(der)[0]!.content)[0]!.content);
    return {
      version: (tbs[0]?.tag === VERSION ? (children(tbs[0].content)[0]?.content[0] ?? 0) : 0) + 1,
      subject: new Map(certificate.subject.split("\n").map((line) => split(line))),
      isCa: certificate.ca,
      publicKey: certificate.publicKey,
      aaguid: readAaguid(tbs.find(({ tag }) => tag === EXTENSIONS)?.content),
    };
  } catch (error) {
    throw new VouchError("protocol_error", "its attestation certificate is malformed", { cause: error });
  }
}

function readAaguid(extensions: Uint8Array | undefined): Uint8Array | undefined {
  if (!extensions) return undefined;
  for (const extension of children(children(extensions)[0]!.content)) {
    const parts = children(extension.content);
    if (parts[0]?.tag !== OID || !aaguidOid.equals(parts[0].content)) continue;
    // The extension is not critical, and its OCTET STRING wraps another one with the AAGUID.
    const inner = parts.length === 2 && parts[1]!.tag === OCTET_STRING ? children(parts[1]!.content) : [];
    if (inner.length !== 1 || inner[0]!.tag !== OCTET_STRING || inner[0]!.content.length !== 16) {
      throw new Error("the AAGUID extension is malformed");
    }
    return inner[0]!.content;
  }
  return undefined;
}

interface Element {
  tag: number;
  content: Uint8Array;
}

/** Splits DER into its elements; supports one-byte tags and lengths of up to three bytes. */
function children(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const first = bytes[offset + 1] ?? 0x80;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 3) throw new Error("a length is malformed");
    let length = lengthBytes === 0 ? first : 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[offset + 2 + index] ?? 0);
    const start = offset + 2 + lengthBytes;
    if (start + length > bytes.length) throw new Error("an element is cut short");
    elements.push({ tag: bytes[offset]!, content: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  if (elements.length === 0) throw new Error("an element is missing");
  return elements;
}

function split(line: string): [name: string, value: string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
