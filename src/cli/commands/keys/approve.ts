/**
 * Gets the assertion of an enrolled key that the server requires, besides the session, for adding or removing a key.
 */
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { getAssertion } from "../../../fido/webauthn/ceremony.ts";
import type { Deed } from "../../../fido/webauthn/deed.ts";
import { announce } from "../../terminal/prompt.ts";
import { withSecurityKey } from "../../key/security-key.ts";

/** Gets an assertion for the server's options (untrusted). Throws as `getAssertion` and `withSecurityKey`. */
export async function approve(
  timeoutSeconds: number,
  server: string,
  options: unknown,
  deed: Deed,
): Promise<AuthenticationResponseJSON> {
  announce("Prove that it is you, with a security key that is enrolled already.");
  return await withSecurityKey(timeoutSeconds, (tools) =>
    getAssertion({ ...tools, options, origin: new URL(server).origin, deed }),
  );
}
