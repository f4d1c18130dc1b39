/** base64url without padding (RFC 4648 section 5), the encoding of bytes in WebAuthn's JSON and in JOSE. */
import { VouchError } from "../../base/errors.ts";

/** Encodes bytes as base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Decodes base64url with or without padding. Any other character, whitespace included, or non-zero trailing bits are
 * malformed. Throws `protocol_error`.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> {
  try {
    if (/\s/.test(text)) throw new SyntaxError("whitespace");
    return Uint8Array.fromBase64(text, { alphabet: "base64url", lastChunkHandling: "loose" });
  } catch (error) {
    throw new VouchError("protocol_error", "Expected base64url text, got something else.", { cause: error });
  }
}
