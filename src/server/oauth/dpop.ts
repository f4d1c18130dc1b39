/**
 * DPoP proofs (RFC 9449): with each request, the client proves possession of the key that its access token is bound to.
 */
import { calculateJwkThumbprint, decodeProtectedHeader, errors, importJWK, jwtVerify } from "jose";
import * as v from "valibot";
import type { DpopNonces } from "./dpop-nonce.ts";
import { OAuthError } from "../http/failure.ts";
import { sha256 } from "../random.ts";
import type { Transaction } from "../store/store.ts";

/** A client's public key, and its RFC 7638 thumbprint. */
interface ClientKey {
  key: Awaited<ReturnType<typeof importJWK>>;
  jkt: string;
}

/** Keys of the last clients, by their coordinates: a session sends the same one with each proof. */
const clientKeys = new Map<string, Promise<ClientKey>>();
const maxClientKeys = 1_000;

/** Allowed clock skew of a proof's `iat`, in either direction. */
const proofWindowSeconds = 60;

const HeaderSchema = v.object({
  typ: v.literal("dpop+jwt"),
  alg: v.literal("ES256"),
  jwk: v.object({
    kty: v.literal("EC"),
    crv: v.literal("P-256"),
    x: v.string(),
    y: v.string(),
    d: v.optional(v.never("expected the public key only")),
  }),
});

const ClaimsSchema = v.object({
  jti: v.pipe(v.string(), v.minLength(8), v.maxLength(256)),
  htm: v.string(),
  htu: v.pipe(v.string(), v.url()),
  iat: v.pipe(v.number(), v.integer()),
  ath: v.optional(v.string()),
  nonce: v.optional(v.pipe(v.string(), v.maxLength(256))),
});

export interface DpopProof {
  /** RFC 7638 thumbprint of the signing key. */
  jkt: string;
  /** Id for replay detection, from key and jti. */
  id: string;
  /** From this time on, the proof is too old; seconds since 1970. */
  expiresAt: number;
  /** Hash of the access token that the proof is bound to, if any. */
  ath: string | undefined;
}

export interface DpopExpectation {
  method: string;
  /** The endpoint's public URL without query. */
  url: string;
  /** Seconds since 1970. */
  now: number;
  nonces: Pick<DpopNonces, "accepts">;
  /** Whether a proof without a nonce is refused. */
  requireNonce: boolean;
}

/**
 * Verifies the DPoP header (RFC 9449, 4.3), except for replay, which the store detects.
 * Throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`.
 */
export async function verifyDpopProof(header: string | null, expected: DpopExpectation): Promise<DpopProof> {
  if (header === null) throw invalid("expected a DPoP header, got none");
  // Several DPoP headers arrive joined by a comma, which no JWT contains.
  if (header.includes(",")) throw invalid("expected one DPoP header, got several");
  // The decoder is lenient about blanks and padding (RFC 7515, 2: there are none).
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(header)) throw invalid("the proof or its key is malformed");
  try {
    const { jwk } = v.parse(HeaderSchema, decodeProtectedHeader(header));
    const { key, jkt } = await clientKey(jwk);
    const verified = await jwtVerify(header, key, {
      algorithms: ["ES256"],
      currentDate: new Date(expected.now * 1000),
    });
    const claims = v.parse(ClaimsSchema, verified.payload);
    if (claims.htm !== expected.method)
      throw invalid(`expected htm "${expected.method}", got "${claims.htm.slice(0, 16)}"`);
    if (withoutQuery(claims.htu) !== withoutQuery(expected.url)) {
      throw invalid(`expected htu "${expected.url}", got "${withoutQuery(claims.htu).slice(0, 256)}"`);
    }
    const ahead = claims.iat - expected.now;
    if (Math.abs(ahead) > proofWindowSeconds) {
      const direction = ahead > 0 ? "ahead of" : "behind";
      throw invalid(`the clock of this machine is ${Math.abs(ahead)} seconds ${direction} the server's; set the clock`);
    }
    const { nonce } = claims;
    if (nonce === undefined ? expected.requireNonce : !expected.nonces.accepts(nonce)) {
      const got = nonce === undefined ? "none" : "one that is unknown or too old";
      throw new OAuthError(
        "use_dpop_nonce",
        `Expected a DPoP proof with the nonce of the DPoP-Nonce header, got ${got}.`,
      );
    }
    const expiresAt = claims.iat + proofWindowSeconds + 1;
    return { jkt, id: sha256(`${jkt} ${claims.jti}`), expiresAt, ath: claims.ath };
  } catch (error) {
    if (error instanceof OAuthError) throw error;
    if (error instanceof v.ValiError) {
      const [issue] = error.issues;
      const expectation =
        issue.expected === "never" ? "the public key only" : (issue.expected ?? `to fit ${issue.type}`);
      const place = v.getDotPath(issue) ?? "header";
      if (issue.received === "undefined") throw invalid(`${place} is missing`, error);
      throw invalid(`${place}: expected ${expectation}`, error);
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) throw invalid("its signature does not fit", error);
    if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
      throw invalid(`its ${error.claim.slice(0, 16)} is not as expected`, error);
    }
    // The messages of jose, importJWK and the decoder are for programmers: they go into the cause only.
    throw invalid("the proof or its key is malformed", error);
  }
}

/** Stores the proof's id until it is too old. Throws OAuthError `invalid_dpop_proof` for a replay (RFC 9449, 11.1). */
export async function rememberProof({ sessions }: Transaction, { id, expiresAt }: DpopProof): Promise<void> {
  if (!(await sessions.rememberProof(id, expiresAt))) throw invalid("it has been used before");
}

/** Imports the key, or takes it from the cache. Only a key that was imported stays there. */
async function clientKey({ kty, crv, x, y }: Record<"kty" | "crv" | "x" | "y", string>): Promise<ClientKey> {
  const name = `${x} ${y}`;
  const known = clientKeys.get(name);
  if (known !== undefined) return known;
  const publicJwk = { kty, crv, x, y };
  const imported = (async () => ({
    key: await importJWK(publicJwk, "ES256"),
    jkt: await calculateJwkThumbprint(publicJwk),
  }))();
  const [oldest] = clientKeys.size >= maxClientKeys ? clientKeys.keys() : [];
  if (oldest !== undefined) clientKeys.delete(oldest);
  clientKeys.set(name, imported);
  imported.catch(() => clientKeys.delete(name));
  return imported;
}

/** Returns the normalised URL without query and fragment, which htu is compared without (RFC 9449, 4.3). */
function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = "";
  url.hash = "";
  return url.href;
}

function invalid(reason: string, cause?: unknown): OAuthError {
  return new OAuthError("invalid_dpop_proof", `The DPoP proof was not accepted: ${reason}.`, cause);
}
