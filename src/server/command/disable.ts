import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { parseEmail } from "./invite.ts";
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
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const ended = await withStore(args, false, (store) =>
      store.transaction(async ({ accounts, sessions, record }) => {
        const user = await knownUser(accounts, email);
        await accounts.setDisabled(user.id, currentTime());
        await accounts.removeInvites(user.id);
        const live = await sessions.revokeAll(user.id, currentTime());
        await record({ event: "disable", user, detail: { sessions: live } });
        return live;
      }),
    );
    print(`${email} is disabled. Ended ${ended} session${ended === 1 ? "" : "s"}.`);
    print("What AWS has issued to them stays good until it ends, eight hours after the login at most.");
  },
});
