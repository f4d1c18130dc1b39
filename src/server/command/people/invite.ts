import { VouchError } from "../../../base/errors.ts";
import { invite as invitePerson } from "../../administration/people.ts";
import { settingArgs } from "../../configuration/documentation.ts";
import { settingsOf } from "../../configuration/settings.ts";
import { initialized } from "../../initialize.ts";
import { normalizeEmail } from "../../keys/email-address.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { notLinkedWarning } from "./not-linked.ts";
import { atSameServer } from "../same-server.ts";

export const invite = defineServerCommand({
  meta: { name: "invite", description: "Make a one-time code with which a person enrols a security key." },
  teaching: {
    details: [
      "A new code replaces the open one of the same person. Someone who has a key already enrols a second one so.",
    ],
    examples: [["vouch server invite dev@example.com", "Invite dev@example.com."]],
  },
  args: {
    email: { type: "positional", description: "Whom to invite.", valueHint: "EMAIL", required: true },
    ...settingArgs("sso-issuer"),
    ...databaseArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const now = currentTime();
    const { "sso-issuer": issuer } = settingsOf(args, ["sso-issuer"]);
    const { server, code, expiration, isMade } = await withStore(args, false, async (store) => {
      const { url } = await initialized(store);
      return await store.transaction(async (tables) => {
        const isNew = (await tables.accounts.findUser(email)) === undefined;
        const made = await invitePerson(tables, "operator", { email, now });
        return { server: url, code: made.code, expiration: made.expiresAt, isMade: isNew };
      });
    });
    if (args.json) {
      printJson({ email, code, server, expiration });
      return;
    }
    print(`Enrolment code for ${email}: ${code}

It is good for one security key within 24 hours and is shown only here.
${email} types:

   vouch enroll --server ${server}`);
    const warning = isMade ? notLinkedWarning(email, issuer) : "";
    if (warning !== "") print(`\n${atSameServer(warning, args)}`);
  },
});

/** Returns the email address in its normalised form (`normalizeEmail`). Throws `usage`. */
export function parseEmail(text: string): string {
  const email = normalizeEmail(text);
  if (email !== undefined) return email;
  throw new VouchError("usage", `Expected an email address, got ${JSON.stringify(text.slice(0, 256))}.`);
}
