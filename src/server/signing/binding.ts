/** What a ciphertext of the key-encryption key is bound to: it is of no use in the place of another. */

/** A private signing key of the server `issuer`. */
interface SigningKeyBinding {
  of: "signing key";
  issuer: string;
  kid: string;
}

/** A refresh token of a person (`subject`) at the identity provider `issuer`, which the server `server` keeps. */
export interface RefreshTokenBinding {
  of: "refresh token";
  server: string;
  issuer: string;
  subject: string;
}

export type Binding = SigningKeyBinding | RefreshTokenBinding;

/** Additional authenticated data: JSON, so that no two bindings have the same, and its first word is that of the kind. */
export function authenticatedData(binding: Binding): Uint8Array<ArrayBuffer> {
  const parts =
    binding.of === "signing key"
      ? ["vouch signing key", binding.issuer, binding.kid]
      : ["vouch refresh token", binding.server, binding.issuer, binding.subject];
  return new TextEncoder().encode(JSON.stringify(parts));
}

/** KMS's form: CloudTrail shows it, and a key policy can demand it (kms:EncryptionContext:vouch:issuer). */
export function encryptionContext(binding: Binding): Record<string, string> {
  if (binding.of === "signing key") return { "vouch:issuer": binding.issuer, "vouch:kid": binding.kid };
  const { server, issuer, subject } = binding;
  return { "vouch:issuer": server, "vouch:identity-issuer": issuer, "vouch:identity-subject": subject };
}

/** For people. */
export function describeBinding(binding: Binding): string {
  return binding.of === "signing key" ? `signing key ${binding.kid}` : `refresh token of ${binding.subject}`;
}
