/** Refresh tokens as the database has them: encrypted under the key-encryption key, each bound to its identity. */
import { VouchError } from "../../../base/errors.ts";
import { Secret } from "../../../base/secret.ts";
import type { RefreshTokenBinding } from "../../signing/binding.ts";
import { type KeyProtector, readProtection } from "../../signing/protection.ts";

/** How long a refresh token waits for AWS KMS, in milliseconds. */
const kmsLimitMs = 4_000;

/** Whose it is: of an identity, at the server with this URL. */
export type Owner = Omit<RefreshTokenBinding, "of">;

/** Returns the column's text. Throws as the protector. */
export async function encryptRefreshToken(token: Secret, owner: Owner, protector: KeyProtector): Promise<string> {
  const secret = new TextEncoder().encode(token.expose());
  const signal = AbortSignal.timeout(kmsLimitMs);
  return JSON.stringify(await protector.protect(secret, bindingOf(owner), signal));
}

/** Throws `settings_invalid` for what this key-encryption key did not encrypt for this owner, and as the protector. */
export async function decryptRefreshToken(text: string, owner: Owner, protector: KeyProtector): Promise<Secret> {
  const protection = readProtection(text);
  if (protection === undefined) {
    throw new VouchError(
      "settings_invalid",
      `The refresh token of ${owner.subject} is protected in a way that this program does not know.`,
    );
  }
  const signal = AbortSignal.timeout(kmsLimitMs);
  return new Secret(new TextDecoder().decode(await protector.unprotect(protection, bindingOf(owner), signal)));
}

/** Names the key-encryption key of the column's text; undefined where none is named. */
export function kekOf(text: string): string | undefined {
  const protection = readProtection(text);
  return protection === undefined || protection.by === "aws-kms-key" ? undefined : protection.kek;
}

function bindingOf({ server, issuer, subject }: Owner): RefreshTokenBinding {
  return { of: "refresh token", server, issuer, subject };
}
