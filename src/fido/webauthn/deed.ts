/**
 * What a touch of a security key is for. The challenge that is signed is made of it, by the command line from its own
 * command and by the server from its own ceremony: a touch that was given for one deed is of no use for another, whoever
 * carries the options and the answer between the two.
 */
import { createHash } from "node:crypto";
import { printable } from "../../base/words/printable.ts";
import { decodeBase64url } from "../codec/base64url.ts";

/** The purpose, and what it is about; each of several parts is hashed after its length. */
export type Deed =
  | { purpose: "login" }
  /** Signing in to the server's pages. */
  | { purpose: "page-sign-in" }
  /** A login of the command line in a browser; `about`: what it has asked for. */
  | { purpose: "browser-login"; about: readonly string[] }
  /** A change by a form of the server's pages; `about`: its action, and the names and values of its fields. */
  | { purpose: "page-change"; about: readonly string[] }
  /** The registration of a first key, by a code. */
  | { purpose: "enroll" }
  /** The registration of a further key. */
  | { purpose: "add-key" }
  /** `about`: of `approveAdd`, `approveRename`, `approveRemove`. */
  | { purpose: "approve-add" | "approve-rename" | "approve-remove"; about: readonly (string | Uint8Array)[] }
  /** `about`: of `administer`. */
  | { purpose: "administer"; about: readonly string[] }
  /** `about`: the process that may publish, as `nameOfProcess` has it. */
  | { purpose: "publish"; about: string };

/** Sets these digests apart from all others. */
const domain = "vouch ceremony 1";

/**
 * The approval of a new key: `attested` is the attested credential data that it has made (AAGUID, credential id and
 * public key; WebAuthn Level 3, 6.5.1), with the name and the product that it is registered with, if any.
 */
export function approveAdd(attested: Uint8Array, name: string | undefined, product: string | undefined): Deed {
  return { purpose: "approve-add", about: [attested, name ?? "", product ?? ""] };
}

/** The approval of another name for a key, by its credential id and the name that it has, as people are shown it. */
export function approveRename(id: string, name: string, newName: string): Deed {
  return { purpose: "approve-rename", about: [id, printable(name), newName] };
}

/**
 * The approval of a key's removal, by its credential id and its name, as people are shown it; `last`: even if no other
 * key is left.
 */
export function approveRemove(id: string, name: string, last: boolean): Deed {
  return { purpose: "approve-remove", about: [id, printable(name), last ? "last" : ""] };
}

/** What an administrator changes about others: the type of the change, and what it is about, in the order of the API. */
export function administer(parts: readonly string[]): Deed {
  return { purpose: "administer", about: parts };
}

/**
 * The challenge that the key signs, in base64url: the SHA-256 of the domain, the purpose, the bytes of the server's
 * challenge and what the deed is about, each after its length (four bytes, big endian). Throws as `decodeBase64url`.
 */
export function signedChallenge(challenge: string, deed: Deed): string {
  const hash = createHash("sha256");
  const about = "about" in deed ? [deed.about].flat() : [];
  for (const part of [domain, deed.purpose, decodeBase64url(challenge), ...about]) {
    const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest("base64url");
}
