import { VouchError } from "../../../base/errors.ts";
import { count } from "../../../base/words/count.ts";
import { initialized } from "../../initialize.ts";
import { encryptKeys } from "../../signing/encrypt.ts";
import { encryptRefreshTokens } from "../../sso/recheck/kept-tokens.ts";
import { databaseFailure } from "../../store/failure.ts";
import type { Store } from "../../store/store.ts";
import { databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyProtector, openProtector } from "./key-encryption.ts";
import { atSameServer } from "../same-server.ts";

export const encrypt = defineServerCommand({
  meta: { name: "encrypt", description: "Encrypt the signing keys, or change the key that they are encrypted under." },
  teaching: {
    details: [
      "Keys in clear text: give every server the key-encryption key and restart it, encrypt, then rotate. To change the key-encryption key: encrypt with --previous, give every server the new one and restart it, then rotate; with --now if the old one leaked. A server that runs goes on with the keys that it has opened, and cannot open the next one without the key-encryption key.",
      "The refresh tokens of the identity provider (--sso-recheck) are encrypted under it, too, as far as --previous is their key.",
      "Copies of the database that were made before still have the keys as they were: `vouch server signing-keys rotate` makes those worthless a day later. From then on older versions of Vouch refuse to start on this database.",
    ],
    examples: [
      [
        "vouch server signing-keys encrypt --key-encryption-key file:/etc/vouch/kek",
        "Encrypt keys that lie in clear text.",
      ],
      [
        "vouch server signing-keys encrypt --previous file:/etc/vouch/kek --key-encryption-key file:/etc/vouch/kek-2",
        "Change the key-encryption key.",
      ],
    ],
  },
  args: {
    ...databaseArg,
    ...keyEncryptionArg,
    previous: {
      type: "string",
      description: "Where the key is that they are encrypted under now, if they are.",
      valueHint: "file:PATH|env:NAME|credential:NAME|aws-kms:KEY-ARN",
    },
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const to = await keyProtector(args);
    if (to === undefined) {
      throw new VouchError("usage", "Expected --key-encryption-key, or VOUCH_KEY_ENCRYPTION_KEY.", {
        hint: "Make one with `openssl rand -base64 32`, and keep it away from the database and its backups.",
      });
    }
    const from = args.previous === undefined ? undefined : await openProtector(args.previous);
    const { changed, tokens, isScrubbed, failure } = await withStore(args, false, async (store) => {
      const { url } = await initialized(store);
      const keys = await encryptKeys(store, url, { from, to });
      return {
        changed: keys,
        tokens: await encryptRefreshTokens(store, url, { from, to }),
        ...(await scrubbed(store)),
      };
    });
    if (args.json) {
      const encrypted = changed.map(({ kid }) => kid);
      printJson({ kek: to.kek, encrypted, refreshTokens: tokens, oldContentRemoved: isScrubbed });
      if (failure !== undefined) throw failure;
      return;
    }
    print(
      changed.length === 0
        ? `Every signing key is encrypted under ${to.kek} already.`
        : `Encrypted ${count(changed.length, "signing key")} under ${to.kek}. Without that ${changed.length === 1 ? "it is" : "they are"} lost:
keep a copy of it, away from the database and its backups.`,
    );
    const { encrypted, left } = tokens;
    if (encrypted > 0) print(`Encrypted ${count(encrypted, "refresh token")} of the identity provider under it.`);
    if (left > 0) {
      print(`Left ${count(left, "refresh token")} of the identity provider as they were: a server uses them just now, or they are
under another key. Run this once more, with that key as --previous; whoever is left then signs on at the page again.`);
    }
    if (!isScrubbed && failure === undefined) {
      print(`
What was there before may still be in old pages of the database's files: another program had
them open, or it is PostgreSQL, which keeps old versions of rows and its log for some time.`);
    }
    print(atSameServer(nextSteps(from !== undefined), args));
    if (failure !== undefined) throw failure;
  },
});

/** Cleans up after the keys are encrypted, which a failure here does not undo: the advice is due all the same. */
async function scrubbed(store: Store): Promise<{ isScrubbed: boolean; failure?: VouchError }> {
  try {
    return { isScrubbed: await store.scrub() };
  } catch (error) {
    const reason = databaseFailure(error);
    if (reason === undefined) throw error;
    const message = `The keys are encrypted now; only the clean-up failed, and what was there before may still be in the database's files: ${reason}.`;
    const hint = "Make room on the disk, as much as the database has, and run the same command again.";
    return { isScrubbed: false, failure: new VouchError("file_error", message, { hint, cause: error }) };
  }
}

function nextSteps(isChange: boolean): string {
  const leaked = isChange ? "\n   If the key-encryption key from before leaked, with --now." : "";
  return `
1. Give every server this key-encryption key (--key-encryption-key, VOUCH_KEY_ENCRYPTION_KEY) and
   restart it, if it does not have it yet. One without it cannot sign with the next key: it
   answers 503 from the moment at which that key begins to sign. With --sso-recheck run this command
   once more after that: a server with the key from before has kept refresh tokens under it.

2. Then change the key: copies and backups from before have the keys as they were.${leaked}

   vouch server signing-keys rotate

   \`vouch server signing-keys list\` warns while the next key cannot be opened.`;
}
