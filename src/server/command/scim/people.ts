import { linkToScim, unlinkFromScim } from "../../administration/scim-access.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print } from "../definition.ts";
import { parseEmail } from "../people/invite.ts";

const emailArg = {
  email: { type: "positional", description: "The person.", valueHint: "EMAIL", required: true },
} as const;

export const link = defineServerCommand({
  meta: { name: "link", description: "Let SCIM take up a person who is here already." },
  teaching: {
    details: [
      "SCIM never takes over a person whom it did not make, nor one whom it knew by another id. After this command it does, the next time that it creates them.",
    ],
    examples: [["vouch server scim link dev@example.com", "They are the identity provider's dev@example.com."]],
  },
  args: { ...emailArg, ...databaseArg },
  async run({ args }) {
    const email = parseEmail(args.email);
    const { changed } = await withStore(args, false, (store) =>
      store.transaction((tables) => linkToScim(tables, "operator", { email })),
    );
    print(changed ? `SCIM takes up ${email} when it creates them next.` : `${email} is SCIM's already.`);
  },
});

export const unlink = defineServerCommand({
  meta: { name: "unlink", description: "Take a person from SCIM: it sees and changes them no more." },
  teaching: {
    details: ["They stay as they are, apart from groups that SCIM put them into."],
    examples: [["vouch server scim unlink dev@example.com", "Administrators alone change dev@example.com."]],
  },
  args: { ...emailArg, ...databaseArg },
  async run({ args }) {
    const about = { email: parseEmail(args.email), now: currentTime() };
    const { changed } = await withStore(args, false, (store) =>
      store.transaction((tables) => unlinkFromScim(tables, "operator", about)),
    );
    print(changed ? `${about.email} is SCIM's no more.` : `${about.email} was not SCIM's.`);
  },
});
