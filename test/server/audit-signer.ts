/** Signs checkpoints as a server does, with the key in its database. */
import type { CheckpointSigner } from "../../src/server/audit/checkpoint.ts";
import { makeSigningKey, openSigner, publicJwk } from "../../src/server/signing/signing-key.ts";
import type { Store } from "../../src/server/store/store.ts";

export const issuer = "https://vouch.example.com";

/** The first key of the store. */
export async function signerOf(store: Store): Promise<CheckpointSigner> {
  const [key] = await store.signingKeys.all();
  const signer = await openSigner(key!, issuer, undefined);
  return { issuer, kid: key!.kid, jwk: publicJwk(key!), signer };
}

/** A key of somebody else. */
export async function strangersSigner(): Promise<CheckpointSigner> {
  const key = { ...(await makeSigningKey(issuer, undefined)), publishedAt: 0, signsFrom: 0 };
  return { issuer, kid: key.kid, jwk: publicJwk(key), signer: await openSigner(key, issuer, undefined) };
}
