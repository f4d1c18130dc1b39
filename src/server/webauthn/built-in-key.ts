/**
 * Keys that are part of a phone or computer (platform authenticators, also a phone's by hybrid transport; WebAuthn Level 3,
 * 5.8.4), as far as a client says so: no signature covers it.
 */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";

/** `cable` is what hybrid was called before. */
const builtInTransports: ReadonlySet<string> = new Set(["internal", "hybrid", "cable"]);

/**
 * What a new key is: "roaming" only if the client says so (its attachment is cross-platform) and no transport contradicts;
 * "unknown" if it says nothing.
 */
export function kindOf(response: RegistrationResponseJSON): "roaming" | "built-in" | "unknown" {
  const { authenticatorAttachment: attachment } = response;
  if (transportsOf(response).some((transport) => builtInTransports.has(transport))) return "built-in";
  return attachment === "cross-platform" ? "roaming" : "unknown";
}

/** The transports of a new key, in lower case; a browser that says only the attachment has meant `internal`. */
export function transportsOf({ authenticatorAttachment, response }: RegistrationResponseJSON): string[] {
  const said = (response.transports ?? []).map((transport) => transport.toLowerCase());
  const isSaid = said.some((transport) => builtInTransports.has(transport));
  return authenticatorAttachment === "platform" && !isSaid ? [...said, "internal"] : said;
}

/** Why such a key is refused, and what to do. */
export const builtIn = "it is part of a phone or computer";
export const unknownKind = "the client does not say that it is a security key (authenticatorAttachment)";
export const builtInOff =
  "it is part of a phone or computer, or such a one approved it, and none lets anybody in any more";
export const builtInHint =
  "Take a security key. At its page, a server with the login in the browser takes such a key, too: `--browser-login on`.";
