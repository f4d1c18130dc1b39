/** The `--key-encryption-key` option of the commands that make or use signing keys. */
import { openKeyEncryptionKey } from "../signing/key-encryption-key.ts";
import type { KeyProtector } from "../signing/protection.ts";

export const keyEncryptionArg = {
  "key-encryption-key": {
    type: "string",
    description:
      "Where the key is that signing keys are encrypted under: 32 random bytes in base64. Default: $VOUCH_KEY_ENCRYPTION_KEY, else none, and they lie in the database in clear text.",
    valueHint: "file:PATH|env:NAME|credential:NAME",
  },
} as const;

/** Opens the key of the option, else of the environment; undefined without either. Throws as `openKeyEncryptionKey`. */
export async function keyProtector(option: string | undefined): Promise<KeyProtector | undefined> {
  const source = option ?? process.env["VOUCH_KEY_ENCRYPTION_KEY"];
  return source === undefined || source === "" ? undefined : await openKeyEncryptionKey(source, process.env);
}
