/** Answers of the pages: HTML with the headers of a page, and redirections within the server. */
import type { AdminChange } from "../administration/change.ts";
import { cookie, readCookie } from "../http/cookie.ts";
import type { Html } from "./view/jsx.ts";

/**
 * Headers of a page. No other site frames it, reads it or learns its address; scripts and styles are the server's own.
 * The referrer stays within the server, as without one a browser sends `Origin: null` with a form (Fetch, 3.1).
 */
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
};

/** Returns the page as a response. */
export function html(page: Html | null, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(`<!doctype html>${page?.text ?? ""}`, { status, headers: { ...pageHeaders, ...headers } });
}

/** Where a form leads to, and where a sign-in may go on: nothing else is a target of a redirection (no open redirect). */
export const destinations = { mine: "/", activity: "/activity", admin: "/admin" } as const;

export type Destination = keyof typeof destinations;

/** What an administrator has changed; a new code is shown instead. */
const adminOutcomes = {
  disable: "The person is locked out, and their sessions have ended.",
  enable: "The person can log in again.",
  "end-sessions": "All sessions of the person have ended.",
  "remove-key": "The security key was removed, and the sessions that it opened have ended.",
  "remove-keys": "All security keys of the person were removed, and their sessions have ended.",
  "give-role": "The person has their new role.",
  "add-group": "The group was made.",
  "rename-group": "The group has its new name.",
  "remove-group": "The group was removed, with all of its memberships.",
  "join-group": "The person was added to the group.",
  "leave-group": "The person was taken out of the group.",
  "link-identity": "The account of the identity provider is theirs.",
  "unlink-identity": "The account of the identity provider is nobody's any more.",
  "link-scim": "SCIM takes the person up when it makes them next.",
  "unlink-scim": "The person is SCIM's no more.",
  "remove-scim-token": "The token was removed: its client is refused from now on.",
  "set-profile": "The profile is announced. People see it after their next login.",
  "remove-profile": "The profile is announced no longer.",
  "nothing-changed": "That was so already: nothing has changed.",
} as const satisfies Record<Exclude<AdminChange["type"], "invite" | "add-scim-token"> | "nothing-changed", string>;

/** What has been done, as the next page says it. */
export const outcomes = {
  "key-added": "The security key was added.",
  "key-renamed": "The security key has its new name.",
  "key-removed": "The security key was removed, and the sessions that it opened have ended.",
  "session-ended": "The session has ended.",
  "sessions-ended": "Your other sessions have ended.",
  "signed-out": "You have signed out.",
  ...adminOutcomes,
} as const;

export type Outcome = keyof typeof outcomes;

/** Redirects to a page with 303 (RFC 9110, 15.4.4): reloading it sends no form again. */
export function redirect(to: Destination | "sign-in", done?: Outcome, headers: Record<string, string> = {}): Response {
  return seeOther(to === "sign-in" ? "/sign-in" : destinations[to], done, headers);
}

/** As `redirect`, to a page of the administrators. */
export function redirectToAdmin(path: AdminPath, done: Outcome): Response {
  return seeOther(path, done);
}

/** A page of the administrators; what a query has is encoded. */
export type AdminPath = "/admin" | `/admin/${string}`;

/** Says what has been done to the next page: no link can, nor another host, as its name begins with `__Host-`. */
const noticeCookie = "__Host-vouch-notice";
const noticeForm = /^[a-z-]{1,32}$/;
/** A redirection that nobody follows is forgotten, in seconds. */
const noticeSeconds = 60;

function seeOther(path: string, done?: Outcome, headers: Record<string, string> = {}): Response {
  const answer = { location: path, "referrer-policy": "same-origin", ...headers };
  const response = new Response(null, { status: 303, headers: answer });
  if (done !== undefined) response.headers.append("set-cookie", cookie(noticeCookie, done, noticeSeconds));
  return response;
}

/** What the page that follows a form says. */
export interface Notice {
  text: string | undefined;
  /** Headers of that page: it is said once. */
  headers: Record<string, string>;
}

/** Returns the sentence of the outcome that this server has sent the browser with, if it has. */
export function noticeOf(request: Request): Notice {
  const done = readCookie(request, noticeCookie, noticeForm);
  if (done === undefined) return { text: undefined, headers: {} };
  const text = Object.hasOwn(outcomes, done) ? outcomes[done as Outcome] : undefined;
  return { text, headers: { "set-cookie": cookie(noticeCookie, "", 0) } };
}
