/** The OAuth token endpoint (RFC 6749, 3.2) with its three grant types, and revocation (RFC 7009). */
import * as v from "valibot";
import { readForm } from "../http/body.ts";
import type { Handler, HandlerResult, ServerContext } from "../context.ts";
import { type DpopProof, rememberProof, verifyDpopProof } from "./dpop.ts";
import { type HttpError, OAuthError } from "../http/failure.ts";
import { codeGrantParameters, redeemCode } from "./code/redeem.ts";
import { codeGrant, tokenExchangeGrant, webauthnGrant } from "./issuer.ts";
import { grantSession, webauthnGrantParameters } from "./login.ts";
import { isTurnedOff } from "./authorization.ts";
import { announcedGroups } from "./session-tags.ts";
import { sha256 } from "../random.ts";
import type { Session } from "../store/people/sessions.ts";

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";

const AccessToken = v.pipe(v.string(), v.maxCodePoints(256));

/** Parameters that may stand several times (RFC 8693, 2.1). */
const repeatable = ["audience", "resource"];
const Targets = v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxCodePoints(255))), v.maxLength(8)), []);

const WebauthnRequest = v.object({ grant_type: v.literal(webauthnGrant), ...webauthnGrantParameters });
const CodeRequest = v.object({ grant_type: v.literal(codeGrant), ...codeGrantParameters });
const ExchangeRequest = v.object({
  grant_type: v.literal(tokenExchangeGrant),
  subject_token: AccessToken,
  subject_token_type: v.literal(accessTokenType),
  /** Optional (RFC 8693, 2.1); this server issues only ID tokens here. */
  requested_token_type: v.optional(v.literal(idTokenType)),
  audience: Targets,
  resource: Targets,
  actor_token: v.optional(v.never()),
  actor_token_type: v.optional(v.never()),
});
const UnknownGrant = v.pipe(
  v.object({ grant_type: v.string() }),
  v.transform(() => ({ grant_type: "unsupported" as const })),
);
const TurnedOff = v.pipe(
  v.object({ grant_type: v.literal(codeGrant) }),
  v.transform(() => ({ grant_type: "turned off" as const })),
);
/** `hasCodes`: whether the login in the browser is on. */
const tokenRequest = (hasCodes: boolean) =>
  v.lazy((form) => {
    const grant = (form as Record<string, string>)["grant_type"];
    if (grant === webauthnGrant) return WebauthnRequest;
    if (grant === codeGrant) return hasCodes ? CodeRequest : TurnedOff;
    return grant === tokenExchangeGrant ? ExchangeRequest : UnknownGrant;
  });

/** POST /oauth/token. Every request needs a DPoP proof that is not a replay. */
export const token: Handler = async (request, context) => {
  const proof = await verifyDpopProof(request.headers.get("dpop"), {
    method: "POST",
    url: `${context.url}/oauth/token`,
    now: context.now(),
    nonces: context.nonces,
    requireNonce: context.requireNonce,
  });
  const form = await readForm(request, tokenRequest(context.browserLogin !== undefined), repeatable);
  if (form.grant_type === tokenExchangeGrant) return await exchangeToken(form, proof, context);
  if (form.grant_type === webauthnGrant) return await grantSession(form, proof, context);
  if (form.grant_type === codeGrant) return await redeemCode(form, proof, context);
  await rememberProof(context.store, proof);
  if (form.grant_type === "turned off") {
    throw new OAuthError("unsupported_grant_type", "This server does not let people log in in a browser.");
  }
  throw new OAuthError("unsupported_grant_type", `Expected the grant type ${webauthnGrant} or ${tokenExchangeGrant}.`);
};

/** Token exchange (RFC 8693): access token of a session for an ID token. */
async function exchangeToken(
  form: v.InferOutput<typeof ExchangeRequest>,
  proof: DpopProof,
  context: ServerContext,
): Promise<HandlerResult> {
  const tokenHash = sha256(form.subject_token);
  const jti = crypto.randomUUID();
  const targets = new Set([...form.audience, ...form.resource]);
  // Default audience (optional in RFC 8693, 2.1): the first, which AWS knows this server by.
  const [audience = context.audiences[0] ?? ""] = targets;
  // One transaction, and so one file sync, for the proof, the check and the record.
  const { session, now, refusal, groups } = await context.store.transaction(async (tables) => {
    await rememberProof(tables, proof);
    const found =
      proof.ath === undefined || proof.ath === tokenHash ? await tables.sessions.find(tokenHash) : undefined;
    const time = context.now();
    const refused = refusalOf(found, { proof, targets, tokenHash, now: time }, context);
    if (refused !== undefined) return { session: found, now: time, refusal: refused, groups: [] };
    const { user, credentialId } = found!;
    const { address } = context.caller;
    await tables.record({ event: "token", user, credential: credentialId, address, detail: { audience, jti } });
    const announced = await announcedGroups(tables, user.id, context.tagGroups);
    return { session: found, now: time, refusal: undefined, groups: announced };
  });
  if (session) Object.assign(context.caller, { user: session.user, credential: session.credentialId });
  // Thrown after the commit: the proof stays used.
  if (refusal !== undefined || session === undefined) throw refusal;
  const idToken = await context.issuer.issueIdToken(session, { audience, jti, now, purpose: "read", groups });
  const ended = idToken.isLate ? whyEnded(await context.store.sessions.find(tokenHash), context.now()) : undefined;
  if (ended !== undefined) throw ended;
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

/** Why the session gets no token; undefined if it gets one. */
function refusalOf(
  session: Session | undefined,
  asked: { proof: DpopProof; tokenHash: string; targets: ReadonlySet<string>; now: number },
  context: ServerContext,
): OAuthError | HttpError | undefined {
  const { proof, tokenHash, targets, now } = asked;
  const { audiences, caller } = context;
  if (proof.ath !== undefined && proof.ath !== tokenHash) {
    return new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: its ath is of another access token.");
  }
  // Wrong DPoP key: same error as an unknown token (no oracle).
  if (!session || session.jkt !== proof.jkt) return whyEnded(undefined, now);
  const tooMany = caller.count("person", session.user.id);
  if (tooMany) return tooMany;
  const ended = whyEnded(session, now);
  if (ended !== undefined) return ended;
  if (isTurnedOff(session, context)) {
    return new OAuthError("invalid_grant", "This server lets nobody in by a browser any more.");
  }
  if (targets.size > 1) return new OAuthError("invalid_target", "An ID token is for one audience, not for several.");
  if ([...targets].every((target) => audiences.includes(target))) return undefined;
  // Do not echo the requested audience: the message is logged, and a faulty client may have put a token there.
  const expected = audiences.join(" or ");
  return new OAuthError(
    "invalid_target",
    `This server issues ID tokens for the audience ${expected}, not for another.`,
  );
}

/** Why the session has ended; undefined if it is live. */
function whyEnded(session: Session | undefined, now: number): OAuthError | undefined {
  if (!session) return new OAuthError("invalid_grant", "The session is not known, or its security key was removed.");
  if (session.revoked) return new OAuthError("invalid_grant", "The session was revoked.");
  if (session.user.disabled) return new OAuthError("invalid_grant", "The administrator has disabled this account.");
  if (session.expiresAt <= now) return new OAuthError("invalid_grant", "The session has expired.");
  return undefined;
}

/**
 * POST /oauth/revoke. Returns 200 for any token (RFC 7009, 2.2). Needs no DPoP proof: a thief without the key can only
 * revoke the token, which is what its owner wants.
 */
export const revoke: Handler = async (request, context) => {
  const form = await readForm(
    request,
    v.object({ token: AccessToken, token_type_hint: v.optional(v.pipe(v.string(), v.maxCodePoints(64))) }),
  );
  const tokenHash = sha256(form.token);
  const session = await context.store.transaction(async ({ sessions, record }) => {
    const found = await sessions.find(tokenHash);
    if (found === undefined || found.revoked) return found;
    await sessions.revoke(tokenHash, context.now());
    const { address } = context.caller;
    await record({
      event: "revoke",
      user: found.user,
      credential: found.credentialId,
      address,
      detail: { sessions: 1 },
    });
    return found;
  });
  return { response: new Response(null, { status: 200 }), ...(session ? { user: session.user.id } : {}) };
};
