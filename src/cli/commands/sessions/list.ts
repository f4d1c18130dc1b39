/** `vouch sessions list`: lists the user's live sessions. */
import type { OwnSession } from "../../../agent/wire/reply-parts.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { shortIds, table } from "../../../base/words/table.ts";
import { bold, print, printJson } from "../../terminal/terminal.ts";
import { clockTime } from "../../terminal/time.ts";
import { listSessions } from "./own-sessions.ts";

export const list = defineCommand({
  meta: { name: "list", description: "Show your sessions that have not ended, on this machine and on others." },
  args: { ...forArg, json: { type: "boolean", description: "Print one JSON array; times are seconds since 1970." } },
  teaching: {
    details: [
      "For each session: the beginning of its id, when it began and when it ends, the key that opened it, the name that its machine gave itself, and whether it is the one that you are in. The machine's name is a claim: whoever logs in chooses it. A session that you do not remember is a reason to end it, and to look at `vouch keys list`.",
    ],
    examples: [
      ["vouch sessions list", "See them."],
      ["vouch sessions list --json", "Read them from a program."],
    ],
  },
  async run({ args }) {
    const sessions = await listSessions(chosenServer(args.for, loadSettings()));
    if (args.json) return printJson(sessions.map(sessionJson));
    for (const line of sessionLines(sessions, Date.now() / 1000)) print(line);
  },
});

function sessionJson({ id, createdAt, expiresAt, key, client, thisSession }: OwnSession): unknown {
  // The server has only the client's word for it.
  return { id, createdAt, expiresAt, key, client, clientAttested: false, thisSession };
}

/** Returns the lines of the table of sessions; `now` in seconds since 1970. */
export function sessionLines(sessions: readonly OwnSession[], now: number): string[] {
  const ids = shortIds(sessions);
  const [head = "", ...rows] = table([
    ["ID", "BEGAN", "ENDS", "KEY", "MACHINE (CLAIMED)", ""],
    ...sessions.map(({ createdAt, expiresAt, key, client, thisSession }, index) => [
      ids[index]!,
      clockTime(createdAt, now),
      clockTime(expiresAt, now),
      key,
      client ?? "unknown",
      thisSession ? "this session" : "",
    ]),
  ]);
  return [bold(head), ...rows];
}
