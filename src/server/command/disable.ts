import { count } from "../../base/count.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";
import { parseEmail } from "./invite.ts";
import { describeIssuedAccess } from "./issued-access.ts";
import { knownUser } from "./known-user.ts";

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
    const { id, sessions: ended } = await withStore(args, false, (store) =>
      store.transaction(async ({ accounts, sessions, record }) => {
        const user = await knownUser(accounts, email);
        await accounts.setDisabled(user.id, currentTime());
        await accounts.removeInvites(user.id);
        const live = await sessions.revokeAll(user.id, currentTime());
        await record({ event: "disable", user, detail: { sessions: live } });
        return { id: user.id, sessions: live };
      }),
    );
    if (args.json) return printJson({ email, id, sessions: ended });
    print(`${email} is disabled. Ended ${count(ended, "session")}.`);
    print(describeIssuedAccess(id));
  },
});
