/** Encrypts the signing keys that there are: from clear text, or from one key-encryption key to another. */
import { dirname, resolve } from "node:path";
import { VouchError } from "../../base/errors.ts";
import { shellWord } from "../../base/words/shell-word.ts";
import type { SigningKey } from "../store/signing-keys.ts";
import type { Store } from "../store/store.ts";
import { type KeyProtector, levelOf, levelUnder, parseProtection } from "./protection.ts";
import { protectKey, unprotectKey } from "./signing-key.ts";

/**
 * The next steps for keys in clear text. `isKeyGiven`: the settings name a key-encryption key; `config`: the path of the
 * configuration file, beside which one is made. Servers get it before keys are encrypted: one without it starts no more.
 */
export function encryptHint(isKeyGiven: boolean, config: string | undefined): string {
  if (isKeyGiven) return "Run `vouch server signing-keys encrypt`.";
  const path = resolve(config === undefined ? "." : dirname(config), "kek");
  return [
    `Make a key-encryption key with \`(umask 077; openssl rand -base64 32 > ${shellWord(path)})\`, and keep a copy away from the database.`,
    `First give it to every server and restart it: key-encryption-key = ${JSON.stringify(`file:${path}`)} in the configuration file, where the server's user can read it, or "credential:kek" with systemd's LoadCredential=.`,
    `Then run \`vouch server signing-keys encrypt --key-encryption-key ${shellWord(`file:${path}`)}\`, which says how to rotate.`,
  ].join(" ");
}

/**
 * Encrypts every key under `to`, or none of them; `from` decrypts those that another key-encryption key protects. Returns
 * the keys that were changed. Throws `settings_missing` (there is no `from`), `settings_invalid` (it is not theirs),
 * `edit_conflict` (they changed meanwhile), and as the protectors.
 */
export async function encryptKeys(
  store: Store,
  issuer: string,
  { from, to }: { from: KeyProtector | undefined; to: KeyProtector },
): Promise<SigningKey[]> {
  const isMissing = (key: SigningKey) => {
    const level = levelOf(parseProtection(key.protection, key.kid));
    return level !== "kms" && level !== levelUnder(to);
  };
  const keys = (await store.signingKeys.all()).filter(isMissing);
  const locked = from === undefined ? keys.find(({ protection }) => protection !== undefined) : undefined;
  if (locked !== undefined) {
    throw new VouchError(
      "settings_missing",
      `The signing key ${locked.kid} is encrypted under another key-encryption key than ${to.kek}, and that one is not given.`,
      { hint: "Name the one from before with --previous (file:PATH, env:NAME, credential:NAME, aws-kms:KEY-ARN)." },
    );
  }
  // Before the transaction, which KMS would hold up.
  const encrypted = await Promise.all(
    keys.map(async (key) => ({
      key,
      after: await protectKey(await unprotectKey(key, issuer, from), issuer, to),
    })),
  );
  await store.transaction(async ({ signingKeys, record }) => {
    for (const { key, after } of encrypted) {
      if (!(await signingKeys.replace(key, after))) throw changedMeanwhile();
      await record({ event: "signing_key_encrypted", detail: { kid: key.kid, kek: to.kek } });
    }
    if ((await signingKeys.all()).some(isMissing)) throw changedMeanwhile();
    await signingKeys.shutOutOlderPrograms();
  });
  return keys;
}

function changedMeanwhile(): VouchError {
  return new VouchError("edit_conflict", "The signing keys changed meanwhile; nothing was encrypted.", {
    hint: "Run the command again.",
  });
}
