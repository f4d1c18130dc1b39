/**
 * POST /oauth/par: a terminal pushes its authorization request (RFC 9126) and gets a name for it, which the browser is
 * opened with. The page says where the request came from: no link and no browser can say another address.
 */
import { OAuthError } from "../../http/failure.ts";
import { readForm } from "../../http/body.ts";
import type { Handler } from "../../context.ts";
import { sha256 } from "../../random.ts";
import { rememberProof, verifyDpopProof } from "../dpop.ts";
import { makeRequestUri, RequestSchema } from "./request.ts";

/** How long a request waits for its person, as long as `vouch login --timeout` at most; seconds. */
const requestSeconds = 600;

/**
 * The DPoP proof binds the request to its key (RFC 9449, 10.1), and keeps browsers out: a page of another site cannot send
 * the header without a preflight request, which is refused, so that it cannot push a request from its visitor's address.
 * Throws OAuthError `unauthorized_client`, `invalid_dpop_proof`, `use_dpop_nonce`, `invalid_request`.
 */
export const pushRequest: Handler = async (request, context) => {
  if (context.browserLogin === undefined) throw noClient();
  const proof = await verifyDpopProof(request.headers.get("dpop"), {
    method: "POST",
    url: `${context.url}/oauth/par`,
    now: context.now(),
    nonces: context.nonces,
    requireNonce: context.requireNonce,
  });
  const asked = await readForm(request, RequestSchema);
  const isOthers = asked.dpop_jkt !== undefined && asked.dpop_jkt !== proof.jkt;
  const uri = makeRequestUri();
  const now = context.now();
  await context.store.transaction(async (tables) => {
    await rememberProof(tables, proof);
    if (isOthers) return;
    await tables.pushedRequests.add(sha256(uri), {
      redirectUri: asked.redirect_uri,
      state: asked.state,
      challenge: asked.code_challenge,
      jkt: proof.jkt,
      client: asked.client || undefined,
      address: context.caller.address,
      createdAt: now,
      expiresAt: now + requestSeconds,
    });
  });
  // Thrown after the commit: the proof stays used.
  if (isOthers) throw new OAuthError("invalid_dpop_proof", "The DPoP proof is of another key than dpop_jkt.");
  return { response: Response.json({ request_uri: uri, expires_in: requestSeconds }, { status: 201 }) };
};

/** The endpoints of the login in the browser, where it is off. */
export function noClient(): OAuthError {
  const reason = "No client is registered for this endpoint: people log in with a security key, by `vouch login`.";
  return new OAuthError("unauthorized_client", reason);
}
