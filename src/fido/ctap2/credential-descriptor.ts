/** PublicKeyCredentialDescriptor in CTAP2's CBOR form. */
import type { CborMap } from "../codec/cbor.ts";

export interface CredentialDescriptor {
  id: Uint8Array;
}

export function descriptorMap({ id }: CredentialDescriptor): CborMap {
  return new Map<string, string | Uint8Array>([
    ["id", id],
    ["type", "public-key"],
  ]);
}
