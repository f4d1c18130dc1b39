import { endSessions, removeKeys } from "../administration/people.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print } from "./definition.ts";
import { parseEmail } from "./invite.ts";

export const revoke = defineServerCommand({
  meta: { name: "revoke", description: "End every session of a person: a lost laptop, a leaver." },
  teaching: {
    examples: [
      ["vouch server revoke dev@example.com", "End the sessions; the person logs in again."],
      [
        "vouch server revoke dev@example.com --credentials",
        "And remove the security keys: only an invite lets them back in.",
      ],
    ],
  },
  args: {
    email: { type: "positional", description: "Whose sessions to end.", valueHint: "EMAIL", required: true },
    credentials: { type: "boolean", description: "Remove the security keys and open invites too." },
    ...databaseArg,
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const about = { email, now: currentTime() };
    const { sessions: ended, keys: removed } = await withStore(args, false, (store) =>
      store.transaction<{ sessions: number; keys?: number }>((tables) =>
        args.credentials === true ? removeKeys(tables, "operator", about) : endSessions(tables, "operator", about),
      ),
    );
    print(`Ended ${ended} session${ended === 1 ? "" : "s"} of ${email}.`);
    if (removed !== undefined) print(`Removed ${removed} security key${removed === 1 ? "" : "s"}.`);
    print("What AWS has issued to them stays good until it ends, eight hours after the login at most.");
  },
});
