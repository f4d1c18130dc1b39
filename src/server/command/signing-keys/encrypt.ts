import { VouchError } from "../../../base/errors.ts";
import { initialized } from "../../initialize.ts";
import { encryptKeys } from "../../signing/encrypt.ts";
import { openKeyEncryptionKey } from "../../signing/key-encryption-key.ts";
import { databaseArg, withStore } from "../database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { keyEncryptionArg, keyProtector } from "../key-encryption.ts";

export const encrypt = defineServerCommand({
  meta: { name: "encrypt", description: "Encrypt the signing keys, or change the key that they are encrypted under." },
  teaching: {
    details: [
      "The servers go on; each needs the new key-encryption key when it is started next. From then on older versions of Vouch refuse to start on this database.",
      "Copies of the database that were made before still have the keys as they were: `vouch server signing-keys rotate` makes those worthless a day later.",
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
    const from = args.previous === undefined ? undefined : await openKeyEncryptionKey(args.previous, process.env);
    const { changed, isScrubbed } = await withStore(args, false, async (store) => {
      const keys = await encryptKeys(store, (await initialized(store)).url, { from, to });
      return { changed: keys, isScrubbed: await store.scrub() };
    });
    if (args.json) {
      printJson({ kek: to.kek, encrypted: changed.map(({ kid }) => kid), oldContentRemoved: isScrubbed });
      return;
    }
    print(
      changed.length === 0
        ? `Every signing key is encrypted under ${to.kek} already.`
        : `Encrypted ${changed.length} signing key${changed.length === 1 ? "" : "s"} under ${to.kek}. Without it they are lost: keep a copy
of it, away from the database and its backups.`,
    );
    if (!isScrubbed) {
      print(`
What was there before may still be in old pages of the database's files: another program had
them open, or it is PostgreSQL, which keeps old versions of rows and its log for some time.`);
    }
    print(`
Copies and backups from before have the keys as they were. To make those worthless, change the key:

   vouch server signing-keys rotate`);
  },
});
