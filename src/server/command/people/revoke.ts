import { count } from "../../../base/words/count.ts";
import { endSessions, leavesNobody, removeKeys } from "../../administration/people.ts";
import { currentTime, databaseArg, withStore } from "../database/database.ts";
import { defineServerCommand, print, printJson } from "../definition.ts";
import { parseEmail } from "./invite.ts";
import { describeIssuedAccess } from "./issued-access.ts";
import { nobodyLeft } from "./nobody-left.ts";

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
    const about = { email, now: currentTime() };
    const { result, isLast } = await withStore(args, false, (store) =>
      store.transaction((tables) =>
        leavesNobody<{ id: string; sessions: number; keys?: number }>(tables, () =>
          args.credentials === true ? removeKeys(tables, "operator", about) : endSessions(tables, "operator", about),
        ),
      ),
    );
    const { id: userId, sessions: ended, keys: removed } = result;
    if (args.json) {
      const warning = isLast && { noAdministratorLeft: true };
      return printJson({ email, id: userId, sessions: ended, keys: removed ?? 0, ...warning });
    }
    print(`Ended ${count(ended, "session")} of ${email}.`);
    if (removed !== undefined) print(`Removed ${count(removed, "security key")}.`);
    if (isLast) print(nobodyLeft);
    print(describeIssuedAccess(userId, ended));
  },
});
