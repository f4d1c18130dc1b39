/** Random tokens, and the SHA-256 digests that the database stores in place of access tokens and enrolment codes. */
import { createHash, randomBytes } from "node:crypto";

/** Returns 32 random bytes in base64url. */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Returns the SHA-256 of the bytes, or of the text's UTF-8 bytes, in base64url. */
export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("base64url");
}
