/** Headers of every answer. */

/**
 * Adds what every answer has unless it says otherwise: no cache, no content sniffing, referrer or framing; where `url`,
 * the server's, is https, Strict-Transport-Security (RFC 6797) for a year.
 */
export function harden(headers: Headers, url: string): void {
  if (!headers.has("cache-control")) {
    headers.set("cache-control", "no-store");
    headers.set("pragma", "no-cache");
  }
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("referrer-policy")) headers.set("referrer-policy", "no-referrer");
  if (!headers.has("content-security-policy"))
    headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  if (url.startsWith("https:")) headers.set("strict-transport-security", "max-age=31536000");
}
