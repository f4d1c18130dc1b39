/**
 * Keys that are part of a phone or computer (platform authenticators, also a phone's by hybrid transport; WebAuthn Level 3,
 * 5.8.4). The browser says so and no signature covers it: it marks the keys of honest people, and proves nothing.
 */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";

const transports: ReadonlySet<string> = new Set(["internal", "hybrid"]);

/** Whether a key with these transports is part of a phone or computer. */
export function isBuiltIn(of: readonly string[]): boolean {
  return of.some((transport) => transports.has(transport));
}

/** The transports of a new key; a browser that says only the attachment has meant `internal`. */
export function transportsOf({ authenticatorAttachment, response }: RegistrationResponseJSON): string[] {
  const said = response.transports ?? [];
  return authenticatorAttachment === "platform" && !isBuiltIn(said) ? [...said, "internal"] : said;
}
