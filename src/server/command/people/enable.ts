import { enable as enablePerson } from "../../administration/people.ts";
import { databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "./invite.ts";

export const enable = defineServerCommand({
  meta: { name: "enable", description: "Let a disabled person log in again, with the security keys they have." },
  teaching: { examples: [["vouch server enable dev@example.com", "Undo `vouch server disable`."]] },
  args: {
    email: { type: "positional", description: "Whom to let in again.", valueHint: "EMAIL", required: true },
    ...databaseArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const { changed } = await withStore(args, false, (store) =>
      store.transaction((tables) => enablePerson(tables, "operator", { email })),
    );
    if (args.json) return printJson({ email, changed });
    print(changed ? `${email} is enabled.` : `${email} was not disabled.`);
  },
});
