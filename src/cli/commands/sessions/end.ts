/** `vouch sessions end`: ends one session, all others, or all. */
import { askAgent, askStatus } from "../../../agent/wire/client.ts";
import { type Reply, routes } from "../../../agent/protocol.ts";
import type { SessionsEndRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { usage } from "../../framework/arguments.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { atProfile, chosenServer, forArg, hasAnySession } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import { note, printJson, success } from "../../terminal/terminal.ts";
import { orUnknown } from "../unknown-outcome.ts";
import { findSession, listSessions } from "./own-sessions.ts";

const commandName = "vouch sessions end";

export const end = defineCommand({
  meta: { name: "end", description: "End one of your sessions, all others, or all of them." },
  args: {
    id: {
      type: "positional",
      valueHint: "ID",
      required: false,
      description: "The beginning of its id, as `vouch sessions list` shows it.",
    },
    others: { type: "boolean", description: "All but the one that you are in." },
    all: { type: "boolean", description: "All, the one that you are in included." },
    ...forArg,
    json: { type: "boolean", description: "Print what ended as JSON." },
  },
  teaching: {
    usage: "ID | --others | --all [flags]",
    details: [
      "The server ends them at once. An agent elsewhere notices at its next question, and forgets its tokens then; what AWS has issued to it stays good at AWS until it ends, eight hours after the login at most. With --others and --all, a login that is under way elsewhere opens no session either.",
      "When a key is lost or stolen, remove it with `vouch keys remove`, which ends its sessions as well.",
    ],
    examples: [
      ["vouch sessions end 3f9a1c20", "End the one whose id begins so."],
      ["vouch sessions end --others", "End all but this one."],
      ["vouch sessions end --all", "End all of them."],
    ],
  },
  async run({ args }) {
    const at = chosenServer(args.for, loadSettings());
    const request = await requestOf(args, at);
    const ended = await orUnknown(
      () => askAgent(routes.sessionsEnd, request, { timeoutMs: agentTimeoutMs }),
      "that has ended",
      "`vouch sessions list` shows it.",
    );
    if (args.json) return printJson(ended);
    report(ended, args.for, ended.thisSession && hasAnySession(await askStatus().catch(() => undefined)));
  },
});

async function requestOf(
  args: { id?: string | undefined; others?: boolean | undefined; all?: boolean | undefined },
  at: { server?: string },
): Promise<SessionsEndRequest> {
  const { id, others = false, all = false } = args;
  const given = [id !== undefined, others, all].filter(Boolean).length;
  if (given === 0) {
    throw new VouchError("usage", "Which session?", {
      hint: `\`${commandName} ID\` ends one that \`vouch sessions list\` shows, \`${commandName} --others\` all but this one, \`${commandName} --all\` all.`,
    });
  }
  if (given > 1) throw usage("Give one of ID, --others and --all.", commandName);
  if (id === undefined) return { ...at, which: all ? "all" : "others" };
  return { ...at, id: findSession(await listSessions(at), id).id };
}

/** `hasOther`: whether the agent has a session at another server. */
function report(
  { ended, thisSession }: Reply<typeof routes.sessionsEnd>,
  profile: string | undefined,
  hasOther: boolean,
): void {
  const elsewhere = ended - (thisSession ? 1 : 0);
  if (ended === 0) return success("You have no other session.");
  if (elsewhere > 0) {
    success(elsewhere === 1 ? "One session elsewhere has ended." : `${elsewhere} sessions elsewhere have ended.`);
    note("What AWS has issued to it stays good until it ends, eight hours after the login at most.");
  }
  if (!thisSession) return;
  success(
    hasOther
      ? "Your session here has ended, with its tokens; those at other servers go on."
      : "Your session here has ended; no token is left on this machine.",
  );
  note(atProfile("Next: `vouch login`.", profile));
}
