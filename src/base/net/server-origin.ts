/** Validates the Vouch server's URL, which must be an origin (RFC 6454): API paths are appended to it. */
import { isLoopback } from "./loopback.ts";

/**
 * The origin in the form of the server's issuer: https (http to loopback), no user name, path, query or fragment, not
 * even an empty one; else undefined. A longer URL would let the agent post to any path of any local service.
 */
export function serverOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || url.pathname !== "/" || /[?#@\\\s]/.test(text)) return undefined;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)) ? url.origin : undefined;
}
