/**
 * What a touch of a security key is for. The challenge that is signed is made of it, by the command line from its own
 * command and by the server from its own ceremony: a touch that was given for one deed is of no use for another, whoever
 * carries the options and the answer between the two.
 */
import { createHash } from "node:crypto";
import { decodeBase64url } from "../codec/base64url.ts";

/** The purpose, and what it is about. */
export type Deed =
  | { purpose: "login" }
  /** The registration of a first key, by a code. */
  | { purpose: "enroll" }
  /** The registration of a further key. */
  | { purpose: "add-key" }
  | { purpose: "approve-add" }
  /** `about`: the id of the credential that is to go. */
  | { purpose: "approve-remove"; about: string }
  /** `about`: the process that may publish, as `nameOfProcess` has it. */
  | { purpose: "publish"; about: string };

/** Sets these digests apart from all others. */
const domain = "vouch ceremony 1";

/**
 * The challenge that the key signs, in base64url: the SHA-256 of the domain, the purpose, the bytes of the server's
 * challenge and what the deed is about, each after its length (four bytes, big endian). Throws as `decodeBase64url`.
 */
export function signedChallenge(challenge: string, deed: Deed): string {
  const hash = createHash("sha256");
  const parts = [domain, deed.purpose, decodeBase64url(challenge), ...("about" in deed ? [deed.about] : [])];
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest("base64url");
}
