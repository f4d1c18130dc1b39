/** The cookie of single sign-on: `__Host-`, so that no other host and no page without TLS sets them (RFC 6265bis, 4.1.3.2). */

/** Binds a sign-on to the browser that began it. */
export const signOnCookie = "__Host-vouch-sign-on";

/** What `randomToken` makes. */
const tokenForm = /^[\w-]{43}$/;

/** The token in a cookie; undefined if there is none, or something else. */
export function readCookie(request: Request, name: string): string | undefined {
  const header = (request.headers.get("cookie") ?? "").slice(0, 8192);
  for (const pair of header.split(";")) {
    const [key = "", value = ""] = pair.trim().split("=", 2);
    if (key === name) return tokenForm.test(value) ? value : undefined;
  }
  return undefined;
}

/** A Set-Cookie header. Lax: the way back from the provider is a navigation from another site. */
export function cookie(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`;
}
