/** The client data that a ceremony signs (WebAuthn Level 3, section 5.8.1). */
import { createHash } from "node:crypto";

export interface ClientData {
  /** clientDataJSON: the exact bytes that are hashed and sent to the relying party. */
  json: Uint8Array;
  /** clientDataHash: SHA-256 of these bytes. */
  hash: Uint8Array;
}

/**
 * @param challenge base64url without padding, as the relying party sent it
 * @param origin for example `https://vouch.example.com`
 */
export function collectClientData(
  type: "webauthn.create" | "webauthn.get",
  challenge: string,
  origin: string,
): ClientData {
  const json = new TextEncoder().encode(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  return { json, hash: new Uint8Array(createHash("sha256").update(json).digest()) };
}
