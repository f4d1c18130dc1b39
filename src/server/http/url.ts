/** The server's URL: OIDC issuer, WebAuthn origin and base URL of the API. */
import { VouchError } from "../../base/errors.ts";
import { isLoopback } from "../../base/net/loopback.ts";
import { plainUrl } from "../../base/net/plain-url.ts";

/**
 * Parses the server's URL and returns its origin ("https://vouch.example.com"). It must be https with a host name and
 * no path: it becomes the issuer, and its host the rp.id (WebAuthn Level 3, 5.1.2: a domain, not an address).
 * http://localhost is accepted for trials. Throws `usage`.
 */
export function parseServerUrl(text: string): string {
  const url = URL.parse(text);
  const wrong = (expected: string) =>
    new VouchError("usage", `Expected ${expected}, got "${text}".`, {
      hint: "Give the URL that clients use, like --url https://vouch.example.com",
    });
  if (!url) throw wrong("a URL");
  // Of this machine only the name: an address is no rp.id.
  const local = isLoopback(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw wrong("an https URL (or http://localhost)");
  }
  if (url.username || url.password) throw wrong("a URL without a user name");
  if (url.pathname !== "/") throw wrong("a URL without a path");
  if (plainUrl(text) === undefined) throw wrong("a URL without a query, a fragment or a blank");
  if (url.hostname.startsWith("[") || /^[0-9.]+$/.test(url.hostname)) throw wrong("a host name, not an address");
  return url.origin;
}
