import { databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";
import { parseEmail } from "./invite.ts";
import { knownUser } from "./known-user.ts";

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
    const changed = await withStore(args, false, (store) =>
      store.transaction(async ({ accounts, record }) => {
        const user = await knownUser(accounts, email);
        const wasDisabled = await accounts.setDisabled(user.id, undefined);
        if (wasDisabled) await record({ event: "enable", user });
        return wasDisabled;
      }),
    );
    if (args.json) return printJson({ email, changed });
    print(changed ? `${email} is enabled.` : `${email} was not disabled.`);
  },
});
