/** Sessions of the pages: a cookie's random token, which the database knows by its SHA-256. */
import { VouchError } from "../../base/errors.ts";
import type { ServerContext } from "../context.ts";
import { cookie, readCookie } from "../http/cookie.ts";
import { randomToken, sha256 } from "../random.ts";
import { idleSeconds, type PageSession } from "../store/people/page-sessions.ts";
import type { Recording, Transaction } from "../store/store.ts";

const cookieName = "__Host-vouch-page";

/** Use is stored no more often, in seconds: most requests write nothing. */
const useSeconds = 60;

/** The session of a request. */
export interface SignedIn extends PageSession {
  /** SHA-256 of its token. */
  tokenHash: string;
  /** What each of its forms must send back; another session's is refused (CSRF). */
  formToken: string;
}

/** Header that clears the cookie. */
export const clearedCookie = { "set-cookie": cookie(cookieName, "", 0) };

/**
 * Opens a session in the transaction of the sign-in, always with a new token (session fixation), and ends the one that the
 * browser had. Returns the header that sets the cookie; undefined if the user or the key is not there any more.
 */
export async function openPageSession(
  tables: Recording,
  request: Request,
  { sessionDuration, caller }: Pick<ServerContext, "sessionDuration" | "caller">,
  opened: Pick<PageSession, "user" | "method" | "credentialId">,
  now: number,
): Promise<{ "set-cookie": string } | undefined> {
  const { pageSessions } = tables;
  const former = readCookie(request, cookieName);
  if (former !== undefined) await endPageSession(tables, sha256(former), caller.address);
  const token = randomToken();
  const session = { ...opened, createdAt: now, expiresAt: now + sessionDuration };
  if (!(await pageSessions.add(sha256(token), session))) return undefined;
  return { "set-cookie": cookie(cookieName, token) };
}

/** Ends a session, and records that its person has signed out; nothing if there is none. */
export async function endPageSession(
  { pageSessions, record }: Recording,
  tokenHash: string,
  address: string,
): Promise<void> {
  const found = await pageSessions.find(tokenHash);
  if (found === undefined || !(await pageSessions.remove(tokenHash))) return;
  const { user, credentialId: credential, method } = found;
  await record({ event: "page_sign_out", user, credential, address, detail: { method } });
}

/** Returns the request's live session and notes its use; undefined without one. Throws HttpError (429). */
export async function findSignedIn(request: Request, context: ServerContext): Promise<SignedIn | undefined> {
  const token = readCookie(request, cookieName);
  if (token === undefined) return undefined;
  const { store, caller } = context;
  const now = context.now();
  const tokenHash = sha256(token);
  const found = await store.pageSessions.find(tokenHash);
  if (found === undefined) return undefined;
  Object.assign(caller, { user: found.user, credential: found.credentialId });
  if (!isLive(found, now)) return undefined;
  const tooMany = caller.count("person", found.user.id);
  if (tooMany) throw tooMany;
  if (now - found.usedAt >= useSeconds) await store.pageSessions.use(tokenHash, now);
  return { ...found, tokenHash, formToken: sha256(`page form ${token}`) };
}

/**
 * Whether the browser has a live session, for a page that only says where to go on: counts and notes nothing. `mayAsk`:
 * else a cookie is enough, and the database is not asked.
 */
export async function hasSession(request: Request, { store, now }: ServerContext, mayAsk: boolean): Promise<boolean> {
  const token = readCookie(request, cookieName);
  if (token === undefined || !mayAsk) return token !== undefined;
  const found = await store.pageSessions.find(sha256(token)).catch(() => undefined);
  return found !== undefined && isLive(found, now());
}

/** Notes whose session the request has, for the audit log, and nothing else: it is about to be refused. */
export async function noteSession(request: Request, { store, caller }: ServerContext): Promise<void> {
  const token = readCookie(request, cookieName);
  const found = token === undefined ? undefined : await store.pageSessions.find(sha256(token));
  if (found !== undefined) Object.assign(caller, { user: found.user, credential: found.credentialId });
}

/** As `findSignedIn`. Throws `login_needed` without a live session. */
export async function signedIn(request: Request, context: ServerContext): Promise<SignedIn> {
  const session = await findSignedIn(request, context);
  if (session === undefined) throw signInNeeded();
  return session;
}

/**
 * Rechecks the session within the transaction that makes a change: since the request began, another process may have
 * ended it. Throws `login_needed`.
 */
export async function stillSignedIn({ pageSessions }: Transaction, { tokenHash }: SignedIn, now: number) {
  const found = await pageSessions.find(tokenHash);
  if (found === undefined || !isLive(found, now)) throw signInNeeded();
  return found;
}

function isLive({ user, usedAt, expiresAt }: PageSession, now: number): boolean {
  return !user.disabled && expiresAt > now && usedAt + idleSeconds > now;
}

/** One answer for whatever ended it (no oracle). */
export function signInNeeded(): VouchError {
  return new VouchError("login_needed", "You are not signed in, or your session has ended.", {
    hint: "Sign in again.",
  });
}
