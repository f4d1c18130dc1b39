/** A small OIDC issuer in memory, for tests of STS that need no Vouch server, and for the CI platforms. */
import * as jose from "jose";
import type { Fetch } from "./web-identity.ts";

export interface Issuer {
  /** Answers for the discovery document and the JWKS. */
  fetch: Fetch;
  /** A signed ID token; `claims` replace or add, `undefined` removes. `key` signs instead of the issuer's own. */
  token(claims?: Record<string, unknown>, options?: { alg?: string; kid?: string; key?: CryptoKey }): Promise<string>;
}

/** `ownAlg` is the algorithm of its key: ES256, or RS256 as the CI platforms have it. */
export async function createIssuer(url = "https://vouch.example.com", ownAlg = "ES256"): Promise<Issuer> {
  const { publicKey, privateKey } = await jose.generateKeyPair(ownAlg);
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: "key-1", use: "sig", alg: ownAlg };
  const documents: Record<string, unknown> = {
    [`${url}/.well-known/openid-configuration`]: { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` },
    [`${url}/.well-known/jwks.json`]: { keys: [jwk] },
  };
  return {
    fetch: async (address) =>
      documents[address] ? Response.json(documents[address]) : new Response("not found", { status: 404 }),
    token: (claims = {}, { alg = ownAlg, kid = "key-1", key = privateKey } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: "sts.amazonaws.com", sub: "user-0001", iat: now, exp: now + 300, ...claims };
      const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new jose.SignJWT(present).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(key);
    },
  };
}
