/**
 * A user's own sessions, authorised by one of them: list and end. A session is enough to end others, as it takes access
 * away and gives none.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { readJson } from "../http/body.ts";
import type { Fact } from "../audit/entry.ts";
import type { Handler, ServerContext } from "../context.ts";
import { sha256 } from "../random.ts";
import type { OwnSession } from "../store/sessions.ts";
import { authorize, type Authorized, stillLive } from "./authorization.ts";

const EndRequest = v.union(
  [
    v.strictObject({ id: v.pipe(v.string(), v.maxCodePoints(64)) }),
    v.strictObject({ which: v.picklist(["others", "all"]) }),
  ],
  'expected either the id of a session, or which: "others" or "all"',
);

/** GET /v1/sessions: the live sessions of the user, the oldest first. */
export const listSessions: Handler = async (request, context) => {
  const { user, tokenHash } = await authorize(request, context);
  const sessions = await context.store.sessions.ofUser(user.id, context.now());
  return { response: Response.json({ sessions: sessions.map((each) => toJson(each, tokenHash)) }), user: user.id };
};

/** POST /v1/sessions/end: one session by its id, all others, or all. The latter two also end pending logins. */
export const endSessions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const asked = await readJson(request, EndRequest);
  const answer = await context.store.transaction(async (tables) => {
    const now = context.now();
    const { user } = await stillLive(tables, session, now);
    if ("which" in asked) {
      const isAll = asked.which === "all";
      const ended = await tables.sessions.revokeAll(user.id, now, isAll ? undefined : session.tokenHash);
      await tables.record(revocation(context, session, ended));
      return { ended, thisSession: isAll };
    }
    const sessions = await tables.sessions.ofUser(user.id, now);
    const found = sessions.find(({ tokenHash }) => publicId(tokenHash) === asked.id);
    if (!found) throw notFound();
    await tables.sessions.revoke(found.tokenHash, now);
    await tables.record(revocation(context, session, 1));
    return { ended: 1, thisSession: found.tokenHash === session.tokenHash };
  });
  return { response: Response.json(answer), user: session.user.id };
};

function revocation({ caller }: ServerContext, { user, credentialId }: Authorized, sessions: number): Fact {
  return { event: "revoke", user, credential: credentialId, address: caller.address, detail: { sessions } };
}

/** The id that names a session to its user: it follows from what the database keeps, and leads back to nothing. */
function publicId(tokenHash: string): string {
  return Buffer.from(sha256(`session ${tokenHash}`), "base64url")
    .toString("hex")
    .slice(0, 16);
}

function toJson(session: OwnSession, currentHash: string): Record<string, unknown> {
  const { tokenHash, createdAt, expiresAt, keyName, client } = session;
  const thisSession = tokenHash === currentHash;
  return { id: publicId(tokenHash), createdAt, expiresAt, key: keyName, client: client ?? null, thisSession };
}

/** No oracle: an unknown session, an ended one and another user's give the same error. */
function notFound(): VouchError {
  return new VouchError("session_not_found", "You have no such session: it may have ended already.", {
    hint: "Run `vouch sessions list` to see those that you have.",
  });
}
