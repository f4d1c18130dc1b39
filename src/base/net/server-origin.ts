/** The Vouch server's URL: an origin (RFC 6454), to which the paths of its API are appended, and nothing more. */
import { isLoopback } from "./loopback.ts";

/**
 * The origin, as the server's issuer is written, or undefined for anything else: https (http to loopback), no user name,
 * path, query or fragment, not even an empty one. With more than an origin in it, the agent would post to any path of any
 * service that listens on this machine.
 */
export function serverOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || url.pathname !== "/" || /[?#@\\\s]/.test(text)) return undefined;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)) ? url.origin : undefined;
}
