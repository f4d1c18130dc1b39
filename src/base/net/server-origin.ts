/** Validates the Vouch server's URL, which must be an origin (RFC 6454): API paths are appended to it. */
import { isLoopback } from "./loopback.ts";
import { plainUrl } from "./plain-url.ts";

/**
 * The origin in the form of the server's issuer: https (http to loopback), no user name, path, query or fragment, not
 * even an empty one; else undefined. A longer URL would let the agent post to any path of any local service.
 */
export function serverOrigin(text: string): string | undefined {
  const url = plainUrl(text);
  if (url?.pathname !== "/") return undefined;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)) ? url.origin : undefined;
}
