/** ECDSA signatures: from DER, as AWS KMS has them, to JWS. */

/** Bytes of r and of s with P-256. */
const size = 32;

/**
 * Returns r || s, 64 bytes (RFC 7518, 3.4), of a P-256 signature in DER: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279,
 * 2.2.3). Throws for anything but the one encoding that DER allows.
 */
export function joseSignature(der: Uint8Array): Uint8Array<ArrayBuffer> {
  // Two integers of at most 33 bytes: every length is one byte.
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed();
  const [r, rest] = integer(der.subarray(2));
  const [s, end] = integer(rest);
  if (end.length > 0) throw malformed();
  const jose = new Uint8Array(2 * size);
  jose.set(r, size - r.length);
  jose.set(s, 2 * size - s.length);
  return jose;
}

/** The magnitude of the first INTEGER, which is positive and has no more bytes than it needs; and what follows it. */
function integer(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const length = bytes[1] ?? 0;
  const content = bytes.subarray(2, 2 + length);
  if (bytes[0] !== 0x02 || length === 0 || content.length !== length || content[0]! >= 0x80) throw malformed();
  const isPadded = content[0] === 0 && length > 1;
  if (isPadded && content[1]! < 0x80) throw malformed();
  const magnitude = isPadded ? content.subarray(1) : content;
  if (magnitude.length > size) throw malformed();
  return [magnitude, bytes.subarray(2 + length)];
}

function malformed(): Error {
  return new Error("the signature is not a P-256 signature in DER");
}
