/** The `--key-encryption-key` option of the commands that make or use signing keys. */
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { writeAll } from "../../../base/system/output.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { type Flags, settingsOf } from "../../configuration/settings.ts";
import { keyFile } from "../../configuration/files.ts";
import { chmodHint, isReadableByAll, refuseWritable } from "../../configuration/secret-file.ts";
import { openKeyEncryptionKey } from "../../signing/key-encryption-key.ts";
import type { KeyProtector } from "../../signing/protection.ts";
import { keyMaker, type KeyMaker } from "../../signing/signing-key.ts";

export const keyEncryptionArg = settingArgs("key-encryption-key");

export const signingKeyArg = {
  "signing-key": {
    type: "string",
    description:
      "Sign with this asymmetric key of AWS KMS (ECC_NIST_P256), which never leaves it, instead of making one.",
    valueHint: "aws-kms:KEY-ARN",
  },
} as const;

/** Returns how the next signing key is made: as the options say. Throws `usage`; its `make` as `kmsSigningKey`. */
export async function keyMakerOf(
  issuer: string,
  options: Flags & { "signing-key": string | undefined },
): Promise<KeyMaker> {
  const place = options["signing-key"];
  if (place === undefined) {
    return keyMaker(issuer, await keyProtector(options));
  }
  const arn = /^aws-kms:(.+)$/s.exec(place)?.[1];
  if (arn === undefined) {
    throw new VouchError("usage", `Expected --signing-key aws-kms:KEY-ARN, got "${place.slice(0, 128)}".`, {
      hint: "Make a key with `aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY`, which prints its ARN. Without --signing-key the server makes its own.",
    });
  }
  const { kmsSigningKey } = await import("../../signing/kms.ts");
  return { level: "kms", make: () => kmsSigningKey(arn, process.env) };
}

/**
 * Opens the key of the settings; undefined without one. `warn` is given what is wrong and lets it be used. Throws as
 * `settingsOf` and `openProtector`.
 */
export async function keyProtector(flags: Flags, warn?: (text: string) => void): Promise<KeyProtector | undefined> {
  const { "key-encryption-key": source } = settingsOf(flags, ["key-encryption-key"]);
  return source === undefined ? undefined : await openProtector(source, warn);
}

/** Opens a key-encryption key. Throws as `openKeyEncryptionKey`, and `file_error` if others may write its file. */
export async function openProtector(source: string, warn = warnPerson): Promise<KeyProtector> {
  const protector = await openKeyEncryptionKey(source, process.env);
  const file = keyFile(source);
  if (file !== undefined) {
    refuseWritable(file);
    if (isReadableByAll(file)) warn(`Everybody on this machine may read ${file}. ${chmodHint(file)}`);
  }
  return protector;
}

function warnPerson(text: string): void {
  writeAll(2, `warning: ${printable(text)}\n`);
}
