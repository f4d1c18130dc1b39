/** PublicKeyCredentialDescriptor in CTAP2's CBOR form. */
import type { CborMap } from "../codec/cbor.ts";

export interface CredentialDescriptor {
  id: Uint8Array;
}

/** The descriptor as a map with the text keys "id" and "type"; every credential is a public key. */
export function descriptorMap({ id }: CredentialDescriptor): CborMap {
  return new Map<string, string | Uint8Array>([
    ["id", id],
    ["type", "public-key"],
  ]);
}
