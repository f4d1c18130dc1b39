/** The `--key-encryption-key` option of the commands that make or use signing keys. */
import { VouchError } from "../../base/errors.ts";
import { openKeyEncryptionKey } from "../signing/key-encryption-key.ts";
import type { KeyProtector } from "../signing/protection.ts";
import type { MakeKey } from "../signing/rotation.ts";
import { makeSigningKey } from "../signing/signing-key.ts";

export const keyEncryptionArg = {
  "key-encryption-key": {
    type: "string",
    description:
      "Where the key is that signing keys are encrypted under: 32 random bytes in base64, or a symmetric key of AWS KMS. Default: $VOUCH_KEY_ENCRYPTION_KEY, else none, and they lie in the database in clear text.",
    valueHint: "file:PATH|env:NAME|credential:NAME|aws-kms:KEY-ARN",
  },
} as const;

export const signingKeyArg = {
  "signing-key": {
    type: "string",
    description:
      "Sign with this asymmetric key of AWS KMS (ECC_NIST_P256), which never leaves it, instead of making one.",
    valueHint: "aws-kms:KEY-ARN",
  },
} as const;

/** Returns how the next signing key is made: as the options say. Throws `usage`; the function as `kmsSigningKey`. */
export async function keyMaker(
  issuer: string,
  options: { "signing-key": string | undefined; "key-encryption-key": string | undefined },
): Promise<MakeKey> {
  const place = options["signing-key"];
  if (place === undefined) {
    const protector = await keyProtector(options["key-encryption-key"]);
    return () => makeSigningKey(issuer, protector);
  }
  const arn = /^aws-kms:(.+)$/s.exec(place)?.[1];
  if (arn === undefined)
    throw new VouchError("usage", `Expected --signing-key aws-kms:KEY-ARN, got "${place.slice(0, 128)}".`);
  const { kmsSigningKey } = await import("../signing/kms.ts");
  return () => kmsSigningKey(arn, process.env);
}

/** Opens the key of the option, else of the environment; undefined without either. Throws as `openKeyEncryptionKey`. */
export async function keyProtector(option: string | undefined): Promise<KeyProtector | undefined> {
  const source = option ?? process.env["VOUCH_KEY_ENCRYPTION_KEY"];
  return source === undefined || source === "" ? undefined : await openKeyEncryptionKey(source, process.env);
}
