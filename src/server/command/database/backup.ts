import { basename } from "node:path";
import { fullPath } from "../../../base/system/full-path.ts";
import { levelOfKey, type ProtectionLevel } from "../../signing/protection.ts";
import { lookIntoFile } from "../../store/look.ts";
import { databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { holding } from "./holding.ts";

export const backup = defineServerCommand({
  meta: { name: "backup", description: "Copy the database to a new file and check the copy, while the server runs." },
  teaching: {
    details: [
      "The copy holds the key that signs identity tokens, as the database does: in clear text unless it is encrypted there (`vouch server signing-keys encrypt`). Its mode is 0600 whatever the umask is: keep it encrypted. `vouch server restore FILE` puts it in place, with the server stopped, and ends the sessions and codes that it has: copied by hand, those that were revoked since would be good again.",
    ],
    examples: [["vouch server backup vouch-backup.db", "Copy the database to a file in this folder."]],
  },
  args: {
    file: { type: "positional", description: "The file to make.", valueHint: "FILE", required: true },
    ...databaseArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const rows = await withStore(args, false, async (store) => {
      // Before the copy: none is made that is not recorded.
      await store.transaction(async ({ record }) => record({ event: "backup", detail: { file: basename(args.file) } }));
      return await store.backUp(args.file);
    });
    // Of the copy: the database's keys may be others by now.
    const levels = await levelsIn(args.file);
    if (args.json) {
      printJson({ file: args.file, rows, signingKeysInClearText: levels.includes("clear") });
      return;
    }
    print(`${args.file} holds the whole database (${holding(rows)}) and was checked.
${advice(levels)}`);
  },
});

async function levelsIn(file: string): Promise<ProtectionLevel[]> {
  const copy = await lookIntoFile(fullPath(file));
  return (copy?.signingKeys ?? []).map(levelOfKey);
}

function advice(levels: readonly ProtectionLevel[]): string {
  if (levels.includes("clear")) {
    return "It holds a signing key in clear text: whoever has it can sign as this server. Keep it encrypted.";
  }
  return levels.every((level) => level === "kms")
    ? "Its signing keys stay in AWS KMS: nobody can sign with it."
    : "Its signing keys are encrypted: it is of no use without the key-encryption key, which belongs elsewhere.";
}
