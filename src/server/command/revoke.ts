import { count } from "../../base/count.ts";
import { currentTime, databaseArg, withStore } from "./database.ts";
import { defineServerCommand, print, printJson } from "./definition.ts";
import { knownUser } from "./known-user.ts";
import { parseEmail } from "./invite.ts";
import { describeIssuedAccess } from "./issued-access.ts";

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
    json: { type: "boolean", description: "Print one JSON object." },
  },
  async run({ args }) {
    const email = parseEmail(args.email);
    const {
      id: userId,
      ended,
      removed,
    } = await withStore(args, false, (store) =>
      store.transaction(async ({ accounts, credentials, sessions, record }) => {
        const user = await knownUser(accounts, email);
        const live = await sessions.revokeAll(user.id, currentTime());
        await record({ event: "revoke", user, detail: { sessions: live } });
        if (args.credentials !== true) return { id: user.id, ended: live, removed: undefined };
        await accounts.removeInvites(user.id);
        for (const { id, name } of await credentials.ofUser(user.id)) {
          await record({ event: "key_removed", user, credential: id, detail: { name } });
        }
        return { id: user.id, ended: live, removed: await credentials.removeAll(user.id) };
      }),
    );
    if (args.json) return printJson({ email, id: userId, sessions: ended, keys: removed ?? 0 });
    print(`Ended ${count(ended, "session")} of ${email}.`);
    if (removed !== undefined) print(`Removed ${count(removed, "security key")}.`);
    print(describeIssuedAccess(userId));
  },
});
