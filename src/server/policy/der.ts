/** Splits DER (X.690), as far as certificates need it. */

export interface Element {
  tag: number;
  content: Uint8Array;
  /** With tag and length. */
  raw: Uint8Array;
}

/** DER tags (X.690). */
export const tags = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  SEQUENCE: 0x30,
} as const;

/**
 * Splits DER into its elements, none for no bytes; supports one-byte tags and lengths of up to three bytes. Throws an
 * Error for what is malformed.
 */
export function children(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const first = bytes[offset + 1] ?? 0x80;
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 3) throw new Error("a length is malformed");
    let length = lengthBytes === 0 ? first : 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[offset + 2 + index] ?? 0);
    const start = offset + 2 + lengthBytes;
    if (start + length > bytes.length) throw new Error("an element is cut short");
    const end = start + length;
    elements.push({ tag: bytes[offset]!, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) });
    offset = end;
  }
  return elements;
}

/** The one element with this tag that the bytes are. Throws an Error if they are anything else. */
export function only(bytes: Uint8Array, tag: number): Uint8Array {
  const [element, other] = children(bytes);
  if (element?.tag !== tag || other !== undefined) throw new Error("an element is not what it should be");
  return element.content;
}
