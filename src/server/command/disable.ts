import { disable as disablePerson } from "../administration/people.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { parseEmail } from "./invite.ts";

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
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const now = currentTime();
    const { sessions: ended } = await withStore(args, false, (store) =>
      store.transaction((tables) => disablePerson(tables, "operator", { email, now })),
    );
    print(`${email} is disabled. Ended ${ended} session${ended === 1 ? "" : "s"}.`);
    print("What AWS has issued to them stays good until it ends, eight hours after the login at most.");
  },
});
