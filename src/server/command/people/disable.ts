import { count } from "../../../base/words/count.ts";
import { disable as disablePerson, leavesNobody } from "../../administration/people.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "./invite.ts";
import { describeIssuedAccess } from "./issued-access.ts";
import { nobodyLeft } from "./nobody-left.ts";

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
    const { result, isLast } = await withStore(args, false, (store) =>
      store.transaction((tables) => leavesNobody(tables, () => disablePerson(tables, "operator", { email, now }))),
    );
    const { id, sessions: ended } = result;
    if (args.json) return printJson({ email, id, sessions: ended, ...(isLast && { noAdministratorLeft: true }) });
    print(`${email} is disabled. Ended ${count(ended, "session")}.`);
    if (isLast) print(nobodyLeft);
    print(describeIssuedAccess(id, ended));
  },
});
