/** The OAuth token endpoint (RFC 6749, 3.2) with its two grant types, and revocation (RFC 7009). */
import * as v from "valibot";
import { readForm } from "../http/body.ts";
import type { Handler, HandlerResult, ServerContext } from "../context.ts";
import { verifyDpopProof } from "./dpop.ts";
import { OAuthError } from "../http/failure.ts";
import { tokenExchangeGrant, webauthnGrant } from "./issuer.ts";
import { grantSession, webauthnGrantParameters } from "./login.ts";
import { sha256 } from "../random.ts";

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";

const AccessToken = v.pipe(v.string(), v.maxLength(256));

const WebauthnRequest = v.object({ grant_type: v.literal(webauthnGrant), ...webauthnGrantParameters });
const ExchangeRequest = v.object({
  grant_type: v.literal(tokenExchangeGrant),
  subject_token: AccessToken,
  subject_token_type: v.literal(accessTokenType),
  /** Optional (RFC 8693, 2.1); this server issues only ID tokens here. */
  requested_token_type: v.optional(v.literal(idTokenType)),
  audience: v.optional(v.pipe(v.string(), v.maxLength(255))),
  actor_token: v.optional(v.never()),
});
const UnknownGrant = v.pipe(
  v.object({ grant_type: v.string() }),
  v.transform(() => ({ grant_type: "unsupported" as const })),
);
const TokenRequest = v.lazy((form) => {
  const grant = (form as Record<string, string>)["grant_type"];
  if (grant === webauthnGrant) return WebauthnRequest;
  return grant === tokenExchangeGrant ? ExchangeRequest : UnknownGrant;
});

/** POST /oauth/token. Every request needs a DPoP proof that is not a replay. */
export const token: Handler = async (request, context) => {
  const proof = await verifyDpopProof(request.headers.get("dpop"), {
    method: "POST",
    url: `${context.url}/oauth/token`,
    now: context.now(),
  });
  const form = await readForm(request, TokenRequest);
  if (!(await context.store.sessions.rememberProof(proof.id, proof.expiresAt))) {
    throw new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: it has been used before.");
  }
  switch (form.grant_type) {
    case webauthnGrant:
      return await grantSession(form, proof.jkt, context);
    case tokenExchangeGrant:
      return await exchangeToken(form, proof, context);
    default:
      throw new OAuthError(
        "unsupported_grant_type",
        `Expected the grant type ${webauthnGrant} or ${tokenExchangeGrant}.`,
      );
  }
};

/** Token exchange (RFC 8693): access token of a session for an ID token. */
async function exchangeToken(
  form: v.InferOutput<typeof ExchangeRequest>,
  proof: { jkt: string; ath: string | undefined },
  context: ServerContext,
): Promise<HandlerResult> {
  const tokenHash = sha256(form.subject_token);
  if (proof.ath !== undefined && proof.ath !== tokenHash) {
    throw new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: its ath is of another access token.");
  }
  const session = await context.store.sessions.find(tokenHash);
  // Wrong DPoP key: same error as an unknown token (no oracle).
  if (!session || session.jkt !== proof.jkt)
    throw new OAuthError("invalid_grant", "The session is not known, or its security key was removed.");
  if (session.revoked) throw new OAuthError("invalid_grant", "The session was revoked.");
  if (session.user.disabled) throw new OAuthError("invalid_grant", "The administrator has disabled this account.");
  const now = context.now();
  if (session.expiresAt <= now) throw new OAuthError("invalid_grant", "The session has expired.");
  // Default audience (optional in RFC 8693, 2.1): the first, which AWS knows this server by.
  const audience = form.audience ?? context.audiences[0] ?? "";
  if (!context.audiences.includes(audience)) {
    // Do not echo the requested audience: the message is logged, and a faulty client may have put a token there.
    const expected = context.audiences.join(" or ");
    throw new OAuthError(
      "invalid_target",
      `This server issues ID tokens for the audience ${expected}, not for another.`,
    );
  }
  const idToken = await context.issuer.issueIdToken(session, audience, now);
  return {
    response: Response.json({
      access_token: idToken.jwt,
      issued_token_type: idTokenType,
      token_type: "N_A",
      expires_in: idToken.expiresIn,
    }),
    user: session.user.id,
  };
}

/**
 * POST /oauth/revoke. Returns 200 for any token (RFC 7009, 2.2). Needs no DPoP proof: a thief without the key can only
 * revoke the token, which is what its owner wants.
 */
export const revoke: Handler = async (request, context) => {
  const form = await readForm(
    request,
    v.object({ token: AccessToken, token_type_hint: v.optional(v.pipe(v.string(), v.maxLength(64))) }),
  );
  const tokenHash = sha256(form.token);
  const session = await context.store.sessions.find(tokenHash);
  await context.store.sessions.revoke(tokenHash, context.now());
  return { response: new Response(null, { status: 200 }), ...(session ? { user: session.user.id } : {}) };
};
