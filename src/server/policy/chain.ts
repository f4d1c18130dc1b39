/**
 * Validates a chain of certificates up to a trust anchor (RFC 5280, 6), offline: no CRL, no OCSP, no AIA is asked for.
 * Whether a model is revoked is said by metadata.
 */
import { VouchError } from "../../base/errors.ts";
import type { Certificate } from "./certificate.ts";

/** DER content of the OIDs of signature algorithms, in hexadecimal: RSA PKCS #1 v1.5, ECDSA with SHA-2, and Ed25519. */
const signatureAlgorithms: ReadonlySet<string> = new Set([
  "2a864886f70d01010b",
  "2a864886f70d01010c",
  "2a864886f70d01010d",
  "2a8648ce3d040302",
  "2a8648ce3d040303",
  "2a8648ce3d040304",
  "2b6570",
]);
const curves: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);
/** Bits. Denial of service: the cost of an RSA verification grows with the key. */
const rsaBits = { min: 2048, max: 4096 };

/**
 * Returns the anchor that the chain leads to at that time (seconds since 1970). The chain begins with the leaf, and each
 * certificate is signed by the next; an anchor is trusted as it stands: a root, an intermediate, or the leaf itself.
 * Throws `protocol_error` with the reason.
 */
export function findAnchor(
  chain: readonly Certificate[],
  anchors: readonly Certificate[],
  at: number,
): { anchor: Certificate; path: readonly Certificate[] } {
  const [leaf] = chain;
  if (leaf === undefined) throw refused("it has no certificate");
  if (leaf.isCa) throw refused("its certificate is that of an authority, not of a signer");
  if (leaf.keyUsage?.digitalSignature === false) throw refused("its certificate is not for signatures");
  checkAlone(leaf, at);
  for (let depth = 0; ; depth++) {
    const current = chain[depth]!;
    const path = chain.slice(0, depth + 1);
    const same = anchors.find(({ der }) => Buffer.from(der).equals(current.der));
    if (same !== undefined) return { anchor: same, path };
    const anchor = firstGood(anchors, current, depth, at);
    if (anchor !== undefined) return { anchor, path };
    const next = chain[depth + 1];
    if (next === undefined) throw refused("it leads to no root that is trusted");
    if (!isIssuedBy(current, next)) throw refused("a certificate of its chain is not signed by the next");
    if (next.version !== 3) throw refused("an authority's certificate is not of X.509 version 3");
    checkAuthority(next, depth, at);
  }
}

/** The anchor that issued the certificate; of several with one name and key, one that may. Throws for none that may. */
function firstGood(anchors: readonly Certificate[], current: Certificate, depth: number, at: number) {
  let reason: unknown;
  for (const anchor of anchors) {
    if (!isIssuedBy(current, anchor)) continue;
    try {
      checkAuthority(anchor, depth, at);
      return anchor;
    } catch (error) {
      reason ??= error;
    }
  }
  if (reason !== undefined) throw reason;
  return undefined;
}

/** `below`: how many authorities stand between it and the leaf. */
function checkAuthority(authority: Certificate, below: number, at: number): void {
  // X.509 version 1 has no extensions: only an anchor can have it, which is trusted as it stands.
  if (authority.version === 3) {
    if (!authority.isCa) throw refused("it is signed by a certificate that is no authority's");
    if (authority.keyUsage?.keyCertSign === false) throw refused("an authority's certificate is not for certificates");
  }
  if (authority.pathLength !== undefined && authority.pathLength < below) {
    throw refused("its chain is longer than an authority allows");
  }
  checkAlone(authority, at);
}

function checkAlone(certificate: Certificate, at: number): void {
  const { notBefore, notAfter, notUnderstood, publicKey } = certificate;
  if (notUnderstood !== undefined) throw refused(`a certificate has ${notUnderstood}`);
  if (at < notBefore) throw refused(`a certificate is valid only from ${day(notBefore)} on`);
  if (at > notAfter) throw refused(`a certificate ended on ${day(notAfter)}`);
  const { modulusLength = 0, namedCurve = "" } = publicKey.asymmetricKeyDetails ?? {};
  const type = publicKey.asymmetricKeyType;
  const isGood =
    type === "rsa"
      ? modulusLength >= rsaBits.min && modulusLength <= rsaBits.max
      : type === "ed25519" || (type === "ec" && curves.has(namedCurve));
  if (!isGood) throw refused("a certificate has a key of a kind or length that is not accepted");
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (certificate.x509.issuer !== issuer.x509.subject) return false;
  if (!signatureAlgorithms.has(certificate.signatureAlgorithm)) return false;
  if ((issuer.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) > rsaBits.max) return false;
  try {
    return certificate.x509.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function refused(reason: string): VouchError {
  return new VouchError("protocol_error", reason);
}
