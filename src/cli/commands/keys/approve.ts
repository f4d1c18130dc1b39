/** The assertion of an enrolled key without which the server adds and removes none: a session alone does not suffice. */
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { getAssertion } from "../../../fido/webauthn/ceremony.ts";
import { announce } from "../../terminal/prompt.ts";
import { withSecurityKey } from "../../key/security-key.ts";

/** Has an enrolled key answer the server's options (not trusted). Throws as `getAssertion` and `withSecurityKey`. */
export async function approve(
  timeoutSeconds: number,
  server: string,
  options: unknown,
): Promise<AuthenticationResponseJSON> {
  announce("Prove that it is you, with a security key that is enrolled already.");
  return await withSecurityKey(timeoutSeconds, (tools) =>
    getAssertion({ ...tools, options, origin: new URL(server).origin }),
  );
}
