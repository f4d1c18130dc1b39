/** Authorises requests by a session's access token and a DPoP proof bound to it (RFC 9449, 7). */
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import { rememberProof, verifyDpopProof } from "./dpop.ts";
import { OAuthError } from "../http/failure.ts";
import { sha256 } from "../random.ts";
import type { Session } from "../store/people/sessions.ts";
import type { Transaction } from "../store/store.ts";

/** The session that authorised a request. */
export interface Authorized extends Session {
  /** SHA-256 of its access token. */
  tokenHash: string;
}

/**
 * Returns the request's live session. The `Authorization` header is `DPoP TOKEN`; the proof must have `ath` and must
 * not be a replay. Throws HttpError (429), OAuthError `invalid_dpop_proof`, `use_dpop_nonce`, `login_needed`,
 * `session_expired`.
 */
export async function authorize(request: Request, context: ServerContext): Promise<Authorized> {
  const { url, store } = context;
  const now = context.now();
  const token = /^DPoP ([\w.~+/-]{1,256}=*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined) throw notKnown("expected an access token in the Authorization header, of the scheme DPoP");
  const pathname = URL.parse(request.url, url)?.pathname ?? "/";
  const proof = await verifyDpopProof(request.headers.get("dpop"), {
    method: request.method,
    url: url + pathname,
    now,
    nonces: context.nonces,
    requireNonce: context.requireNonce,
  });
  const tokenHash = sha256(token);
  if (proof.ath !== tokenHash) {
    throw new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: its ath is not of this access token.");
  }
  await rememberProof(store, proof);
  const session = await store.sessions.find(tokenHash);
  if (session) Object.assign(context.caller, { user: session.user, credential: session.credentialId });
  // Wrong DPoP key: same error as an unknown token (no oracle).
  if (session && session.jkt !== proof.jkt) throw notKnown("the session is not known");
  const tooMany = session && context.caller.count("person", session.user.id);
  if (tooMany) throw tooMany;
  const live = expectLive(session, now);
  if (isTurnedOff(live, context)) throw notKnown("this server lets nobody in by a browser any more");
  return { ...live, tokenHash };
}

/** Whether the session was opened in a browser, at a server that has turned that off since. */
export function isTurnedOff({ openedBy }: Session, { browserLogin }: Pick<ServerContext, "browserLogin">): boolean {
  return openedBy === "browser" && browserLogin === undefined;
}

/**
 * Rechecks the session within the transaction that makes the change: since `authorize`, seconds may have passed (a slow
 * body), and another process may have ended the session. Throws as `authorize`.
 */
export async function stillLive({ sessions }: Transaction, { tokenHash }: Authorized, now: number): Promise<Session> {
  return expectLive(await sessions.find(tokenHash), now);
}

function expectLive(session: Session | undefined, now: number): Session {
  if (!session) throw notKnown("the session is not known");
  if (session.revoked) throw notKnown("the session was revoked");
  if (session.user.disabled) {
    throw notKnown("the administrator has disabled this account", "Ask the people who run your Vouch server.");
  }
  if (session.expiresAt <= now) {
    throw new VouchError("session_expired", "The session has expired.", { hint: "Run `vouch login`." });
  }
  return session;
}

function notKnown(reason: string, hint = "Run `vouch login`."): VouchError {
  return new VouchError("login_needed", `Not logged in: ${reason}.`, { hint });
}
