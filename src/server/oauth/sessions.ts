/**
 * A user's own sessions, authorised by one of them: list and end. A session is enough to end others, as it takes access
 * away and gives none.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { readJson } from "../http/body.ts";
import { HttpError } from "../http/failure.ts";
import type { Fact } from "../audit/entry.ts";
import type { Handler, ServerContext } from "../context.ts";
import { sha256 } from "../random.ts";
import { type OwnSession, type SessionPosition, sessionsPage } from "../store/people/sessions.ts";
import type { Transaction } from "../store/store.ts";
import { authorize, type Authorized, stillLive } from "./authorization.ts";

const EndRequest = v.union(
  [
    v.strictObject({ id: v.pipe(v.string(), v.maxCodePoints(64)) }),
    v.strictObject({ which: v.picklist(["others", "all"]) }),
  ],
  'expected either the id of a session, or which: "others" or "all"',
);

/** Where a page begins: after the session with this time and id; `next` of the page before. */
const Cursor = v.pipe(
  v.string(),
  v.regex(/^\d{1,12}-[0-9a-f]{16}$/),
  v.transform((text) => ({ createdAt: Number.parseInt(text, 10), id: text.slice(-16) })),
);

/** GET /v1/sessions: the live sessions of the user, the oldest first, page by page (`after`). */
export const listSessions: Handler = async (request, context) => {
  const { user, tokenHash } = await authorize(request, context);
  const after = readCursor(URL.parse(request.url, context.url)?.searchParams.get("after"));
  const { sessions, isLast } = await pageAfter(context.store, user.id, context.now(), after);
  const last = sessions.at(-1);
  const answer = {
    sessions: sessions.map((each) => toJson(each, tokenHash)),
    ...(isLast || last === undefined ? {} : { next: `${last.createdAt}-${publicId(last.tokenHash)}` }),
  };
  return { response: Response.json(answer), user: user.id };
};

function readCursor(text: string | null | undefined): v.InferOutput<typeof Cursor> | undefined {
  if (text === null || text === undefined) return undefined;
  const parsed = v.safeParse(Cursor, text);
  if (parsed.success) return parsed.output;
  throw new HttpError(400, 'Expected "after" as the member "next" of an answer gave it.');
}

/** A page that begins after the cursor; at the start of its second if that session has ended meanwhile. */
async function pageAfter(
  { sessions }: Transaction,
  userId: string,
  now: number,
  after: v.InferOutput<typeof Cursor> | undefined,
): Promise<{ sessions: OwnSession[]; isLast: boolean }> {
  if (after === undefined) {
    const first = await sessions.ofUser(userId, now);
    return { sessions: first, isLast: first.length < sessionsPage };
  }
  const start = { createdAt: after.createdAt, tokenHash: "" };
  let position: SessionPosition = start;
  for await (const each of ownSessions({ sessions }, userId, now, start)) {
    if (each.createdAt !== after.createdAt) break;
    if (publicId(each.tokenHash) !== after.id) continue;
    position = each;
    break;
  }
  const page = await sessions.ofUser(userId, now, position);
  return { sessions: page, isLast: page.length < sessionsPage };
}

/** All live sessions of the user, read page by page. */
export async function* ownSessions(
  { sessions }: Pick<Transaction, "sessions">,
  userId: string,
  now: number,
  start?: SessionPosition,
): AsyncGenerator<OwnSession> {
  for (let position = start; ;) {
    const page = await sessions.ofUser(userId, now, position);
    yield* page;
    if (page.length < sessionsPage) return;
    position = page.at(-1);
  }
}

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
    const found = await findOwn(tables, user.id, now, asked.id);
    if (!found) throw sessionNotFound();
    await tables.sessions.revoke(found.tokenHash, now);
    await tables.record(revocation(context, session, 1));
    return { ended: 1, thisSession: found.tokenHash === session.tokenHash };
  });
  return { response: Response.json(answer), user: session.user.id };
};

/** The live session of the user that has this id. */
export async function findOwn(
  tables: Transaction,
  userId: string,
  now: number,
  id: string,
): Promise<OwnSession | undefined> {
  for await (const each of ownSessions(tables, userId, now)) if (publicId(each.tokenHash) === id) return each;
  return undefined;
}

function revocation({ caller }: ServerContext, { user, credentialId }: Authorized, sessions: number): Fact {
  return { event: "revoke", user, credential: credentialId, address: caller.address, detail: { sessions } };
}

/** The id that names a session to its user: it follows from what the database keeps, and leads back to nothing. */
export function publicId(tokenHash: string): string {
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
export function sessionNotFound(): VouchError {
  return new VouchError("session_not_found", "You have no such session: it may have ended already.", {
    hint: "Run `vouch sessions list` to see those that you have.",
  });
}
