/** The client data of a ceremony, which the key signs (WebAuthn Level 3, section 5.8.1). */
import { createHash } from "node:crypto";

export interface ClientData {
  /** clientDataJSON: the exact bytes that are hashed and sent to the relying party. */
  json: Uint8Array;
  /** clientDataHash: SHA-256 of `json`. */
  hash: Uint8Array;
}

/**
 * Builds the client data. `challenge` is the one to be signed, in base64url without padding; `origin` is for example
 * `https://vouch.example.com`.
 */
export function collectClientData(
  type: "webauthn.create" | "webauthn.get",
  challenge: string,
  origin: string,
): ClientData {
  const json = new TextEncoder().encode(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  return { json, hash: new Uint8Array(createHash("sha256").update(json).digest()) };
}
