/** authenticatorCredentialManagement (CTAP 2.1 section 6.8), and its prototype of keys with FIDO_2_1_PRE (6.13). */
import type { AuthenticatorInfo } from "./get-info.ts";

/** Which command a key has for it. */
export type CredentialManagement = "credMgmt" | "credentialMgmtPreview";

/** The key's command; undefined for a key that can list no credentials. */
export function credentialManagementOf({ options }: AuthenticatorInfo): CredentialManagement | undefined {
  if (options.get("credMgmt") === true) return "credMgmt";
  return options.get("credentialMgmtPreview") === true ? "credentialMgmtPreview" : undefined;
}
