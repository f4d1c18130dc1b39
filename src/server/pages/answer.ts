/** Answers of the pages: HTML with the headers of a page, and redirections within the server. */
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

/** What has been done, as the next page says it; a fixed list, so that a link cannot make it say anything else. */
export const outcomes = {
  "key-added": "The security key was added.",
  "key-renamed": "The security key has its new name.",
  "key-removed": "The security key was removed, and the sessions that it opened have ended.",
  "session-ended": "The session has ended.",
  "sessions-ended": "Your other sessions have ended.",
  "signed-out": "You have signed out.",
} as const;

export type Outcome = keyof typeof outcomes;

/** Redirects to a page with 303 (RFC 9110, 15.4.4): reloading it sends no form again. */
export function redirect(to: Destination | "sign-in", done?: Outcome, headers: Record<string, string> = {}): Response {
  const path = to === "sign-in" ? "/sign-in" : destinations[to];
  const location = done === undefined ? path : `${path}?done=${done}`;
  return new Response(null, { status: 303, headers: { location, "referrer-policy": "same-origin", ...headers } });
}

/** Returns the sentence of the outcome that the request names, if it is one. */
export function outcomeOf(request: Request, url: string): string | undefined {
  const done = URL.parse(request.url, url)?.searchParams.get("done") ?? "";
  return Object.hasOwn(outcomes, done) ? outcomes[done as Outcome] : undefined;
}
