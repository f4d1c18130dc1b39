/** Cookies with random tokens. Their names begin with `__Host-`, so that no other host and no page without TLS sets them (RFC 6265bis, 4.1.3.2). */

/**
 * What every cookie of this server has. Lax: the way back from an identity provider is a navigation from another site.
 */
const attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** What `randomToken` makes. */
const tokenForm = /^[\w-]{43}$/;

/** The token in a cookie, or what has another `form`; undefined if there is none, or something else. */
export function readCookie(request: Request, name: string, form = tokenForm): string | undefined {
  const header = (request.headers.get("cookie") ?? "").slice(0, 8192);
  for (const pair of header.split(";")) {
    const [key = "", value = ""] = pair.trim().split("=", 2);
    if (key === name) return form.test(value) ? value : undefined;
  }
  return undefined;
}

/** A Set-Cookie header; without `seconds` the cookie goes with the browser's session, with 0 it is removed. */
export function cookie(name: string, value: string, seconds?: number): string {
  return `${name}=${value}; ${attributes}${seconds === undefined ? "" : `; Max-Age=${seconds}`}`;
}
