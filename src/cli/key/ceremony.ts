/** What the commands share that perform a WebAuthn ceremony. */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { VouchError } from "../../base/errors.ts";
import { createCredential } from "../../fido/webauthn/ceremony.ts";
import { cleanKeyName, keyNameRule, normalizeKeyName } from "../../fido/webauthn/key-name.ts";
import { withSecurityKey } from "./security-key.ts";

/** How long the agent is waited for: it asks the server in turn, which has limits of its own. */
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
  /** What the key's USB descriptor calls it. */
  product?: string;
}

/** Makes a credential by the server's options (not trusted). Throws as `createCredential` and `withSecurityKey`. */
export function makeKey(timeoutSeconds: number, server: string, options: unknown): Promise<MadeKey> {
  return withSecurityKey(timeoutSeconds, async (tools) => {
    const credential = await createCredential({ ...tools, options, origin: new URL(server).origin });
    const product = cleanKeyName(tools.device.usbProduct ?? tools.device.product);
    return { credential, ...(product === undefined ? {} : { product }) };
  });
}

/** The name that was given by a flag or an argument. Throws `usage`. */
export function parseKeyName(text: string, flag: string): string {
  const name = normalizeKeyName(text);
  if (name !== undefined) return name;
  throw new VouchError("usage", `${flag} expects ${keyNameRule}, got ${JSON.stringify(text.slice(0, 100))}.`);
}

/** Whether the key, or the server, said that it is enrolled already. */
export function isEnrolledAlready(error: unknown): boolean {
  return error instanceof VouchError && error.code === "credential_excluded";
}
