import { basename } from "node:path";
import { databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";

export const backup = defineServerCommand({
  meta: { name: "backup", description: "Copy the database to a new file and check the copy, while the server runs." },
  teaching: {
    details: [
      "The copy holds the key that signs identity tokens, as the database does: in clear text unless it is encrypted there (`vouch server signing-keys encrypt`). Its mode is 0600 whatever the umask is: keep it encrypted. To restore it, stop the server, put the copy in the place of the database, remove the files beside it that end in -wal and -shm, and start the server.",
    ],
    examples: [["vouch server backup vouch-backup.db", "Copy the database to a file in this folder."]],
  },
  args: {
    file: { type: "positional", description: "The file to make.", valueHint: "FILE", required: true },
    ...databaseArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const { rows, isEncrypted } = await withStore(args, false, async (store) => {
      // Before the copy: none is made that is not recorded.
      await store.transaction(async ({ record }) => record({ event: "backup", detail: { file: basename(args.file) } }));
      const copied = await store.backUp(args.file);
      const keys = await store.signingKeys.all();
      return { rows: copied, isEncrypted: keys.every(({ protection }) => protection !== undefined) };
    });
    if (args.json) {
      printJson({ file: args.file, rows });
      return;
    }
    const people = `${rows["users"] ?? 0} people, ${rows["credentials"] ?? 0} security keys`;
    print(`${args.file} holds the whole database (${people}) and was checked.
${isEncrypted ? "Its signing keys are encrypted: it is of no use without the key-encryption key, which belongs elsewhere." : "Whoever has it can sign as this server: keep it encrypted."}`);
  },
});
