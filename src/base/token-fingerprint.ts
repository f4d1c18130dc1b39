/** By what a token is recognised without being shown: its salted hash. */
import { createHmac } from "node:crypto";

/** HMAC-SHA-256 of the token under the salt, in hexadecimal. */
export function tokenFingerprint(salt: string, token: string): string {
  return createHmac("sha256", salt).update(token).digest("hex");
}
