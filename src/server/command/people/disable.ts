import { count } from "../../../base/words/count.ts";
import { disable as disablePerson } from "../../administration/people.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "./invite.ts";
import { describeIssuedAccess } from "./issued-access.ts";

export const disable = defineServerCommand({
  meta: { name: "disable", description: "Lock a person out: no login, no enrolment, no token, until enabled again." },
  teaching: {
    details: [
      "Ends the sessions and withdraws the open code in one step. The security keys stay enrolled, so that `vouch server enable` gives everything back; `vouch server revoke --credentials` removes them.",
    ],
    examples: [["vouch server disable dev@example.com", "A leaver, or an account that is in doubt."]],
  },
  args: {
    email: { type: "positional", description: "Whom to lock out.", valueHint: "EMAIL", required: true },
    ...databaseArg,
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const now = currentTime();
    const { id, sessions: ended } = await withStore(args, false, (store) =>
      store.transaction((tables) => disablePerson(tables, "operator", { email, now })),
    );
    if (args.json) return printJson({ email, id, sessions: ended });
    print(`${email} is disabled. Ended ${count(ended, "session")}.`);
    print(describeIssuedAccess(id));
  },
});
