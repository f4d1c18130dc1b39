/** Shared parts of the commands that perform a WebAuthn ceremony. */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { VouchError } from "../../base/errors.ts";
import { createCredential } from "../../fido/webauthn/ceremony.ts";
import type { Deed } from "../../fido/webauthn/deed.ts";
import { cleanKeyName, keyNameRule, normalizeKeyName } from "../../fido/webauthn/key-name.ts";
import { withSecurityKey } from "./security-key.ts";

/** Timeout of the agent's reply, which includes the agent's request to the server and its timeouts. */
export const agentTimeoutMs = 30_000;

export const timeoutArg = {
  timeout: {
    type: "string",
    valueHint: "SECONDS",
    default: "60",
    description: "How long to wait for the key and for the touch.",
  },
} as const;

export const nameArg = {
  name: {
    type: "string",
    valueHint: "NAME",
    description: "What you call the key. Without it: its model, numbered when you have several.",
  },
} as const;

interface MadeKey {
  credential: RegistrationResponseJSON;
  /** Product name from the key's USB descriptor. */
  product?: string;
}

/** Creates a credential from the server's options (untrusted). Throws as `createCredential` and `withSecurityKey`. */
export function makeKey(timeoutSeconds: number, server: string, options: unknown, deed: Deed): Promise<MadeKey> {
  return withSecurityKey(timeoutSeconds, async (tools) => {
    const credential = await createCredential({ ...tools, options, origin: new URL(server).origin, deed });
    const product = cleanKeyName(tools.device.usbProduct ?? tools.device.product);
    return { credential, ...(product === undefined ? {} : { product }) };
  });
}

/** Parses a key name from a flag or argument. Throws `usage`. */
export function parseKeyName(text: string, flag: string): string {
  const name = normalizeKeyName(text);
  if (name !== undefined) return name;
  throw new VouchError("usage", `${flag} expects ${keyNameRule}, got ${JSON.stringify(text.slice(0, 100))}.`);
}

/** Whether the error, of the key or the server, means that the key is already enrolled. */
export function isEnrolledAlready(error: unknown): boolean {
  return error instanceof VouchError && error.code === "credential_excluded";
}
