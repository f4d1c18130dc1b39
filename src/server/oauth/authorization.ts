/** Requests in the name of a session: its access token with a DPoP proof made for it (RFC 9449, 7). */
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import { verifyDpopProof } from "./dpop.ts";
import { OAuthError } from "../http/failure.ts";
import { sha256 } from "../random.ts";
import type { Session } from "../store/sessions.ts";
import type { Transaction } from "../store/store.ts";

/** A session that a request was authorised by. */
export interface Authorized extends Session {
  /** The SHA-256 of its access token. */
  tokenHash: string;
}

/**
 * The live session that the request is made in. The `Authorization` header is `DPoP TOKEN`; the proof has `ath` and has
 * not been seen before. Throws OAuthError `invalid_dpop_proof`, `login_needed`, `session_expired`.
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
  });
  const tokenHash = sha256(token);
  if (proof.ath !== tokenHash) {
    throw new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: its ath is not of this access token.");
  }
  if (!(await store.sessions.rememberProof(proof.id, proof.expiresAt))) {
    throw new OAuthError("invalid_dpop_proof", "The DPoP proof was not accepted: it has been used before.");
  }
  const session = await store.sessions.find(tokenHash);
  // A stolen token looks like an unknown one to who does not hold its key.
  if (session && session.jkt !== proof.jkt) throw notKnown("the session is not known");
  return { ...expectLive(session, now), tokenHash };
}

/**
 * The session again, within the transaction that does what was asked: time has passed since the request was authorised
 * (its body may take seconds), and another process may have ended the session. Throws as `authorize`.
 */
export async function stillLive({ sessions }: Transaction, { tokenHash }: Authorized, now: number): Promise<Session> {
  return expectLive(await sessions.find(tokenHash), now);
}

function expectLive(session: Session | undefined, now: number): Session {
  if (!session) throw notKnown("the session is not known");
  if (session.revoked) throw notKnown("the session was revoked");
  if (session.user.disabled) throw notKnown("the administrator has disabled this account");
  if (session.expiresAt <= now) {
    throw new VouchError("session_expired", "The session has expired.", { hint: "Run `vouch login`." });
  }
  return session;
}

function notKnown(reason: string): VouchError {
  return new VouchError("login_needed", `Not logged in: ${reason}.`, { hint: "Run `vouch login`." });
}
