/** The authorization response (RFC 6749, 4.1.2), which the browser carries to the command line. */
import type { LoginRequest } from "./request.ts";

/**
 * The URL on this person's machine that the browser is led to, with the issuer (RFC 9207); undefined without one in the
 * request. `outcome` has the code, or the error.
 */
export function responseUrl(
  { redirectUri, state }: Pick<LoginRequest, "redirectUri" | "state">,
  issuer: string,
  outcome: { code: string } | { error: "access_denied" },
): string | undefined {
  if (redirectUri === undefined || state === undefined) return undefined;
  return `${redirectUri}?${new URLSearchParams({ ...outcome, state, iss: issuer }).toString()}`;
}
