/** `vouch keys remove`: removes a lost, stolen or unused security key and ends the sessions that it opened. */
import { askAgent } from "../../../agent/wire/client.ts";
import { type Reply, routes } from "../../../agent/protocol.ts";
import type { SecurityKey } from "../../../agent/wire/reply-parts.ts";
import type { KeyChangeFinishRequest, KeyRemoveStartRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import { parseSeconds } from "../../framework/arguments.ts";
import { agentTimeoutMs, timeoutArg } from "../../key/ceremony.ts";
import { approveRemove } from "../../../fido/webauthn/deed.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { atProfile, chosenServer, forArg } from "../chosen-server.ts";
import { defineCommand } from "../../framework/command.ts";
import { forgetCredential } from "../known-server.ts";
import { confirm } from "../../terminal/prompt.ts";
import { note, success, warn } from "../../terminal/terminal.ts";
import { approve } from "./approve.ts";
import { orUnknown } from "../unknown-outcome.ts";
import { findKey, keyArg, listKeys, listShows, modelOfKey } from "./own-keys.ts";

export const remove = defineCommand({
  meta: {
    name: "remove",
    description: "Remove one of your security keys. It opens no session any more, and those that it opened end.",
  },
  args: {
    ...keyArg,
    ...forArg,
    ...timeoutArg,
    yes: { type: "boolean", description: "Do not ask whether you mean it." },
    force: {
      type: "boolean",
      description: "Remove even your only key. Then only a new enrolment code lets you in.",
    },
  },
  teaching: {
    details: [
      "Asks first. When a key is lost or stolen, log in with another and remove the lost one: every session that it opened ends at once, on whatever machine. What AWS has issued to such a session stays good at AWS until it ends, eight hours after the login at most.",
      "Any of your enrolled keys proves that it is you, by PIN and touch. The removed key itself is not needed and is not changed: what it keeps of this server is of no use any more.",
    ],
    examples: [
      ["vouch keys remove work", "Remove the key that you call work."],
      ["vouch keys remove x7Gh2KpQ --yes", "Remove the one whose id begins so, without a question."],
    ],
  },
  async run({ args }) {
    const timeoutSeconds = parseSeconds(args.timeout, "--timeout", 1, 600);
    const at = chosenServer(args.for, loadSettings());
    const keys = await listKeys(at);
    const key = findKey(keys, args.key);
    const last = keys.length === 1;
    if (last && args.force !== true) throw onlyKey(key);
    if (last) {
      warn(
        `"${key.name}" is your only security key. Without it you cannot log in: only a new enrolment code, from the people who run your Vouch server, lets you in again.`,
      );
    }
    if (args.yes !== true && !(await isMeant(key))) throw new VouchError("cancelled", "Nothing was removed.");
    // Race: another key may have been removed since the list was read. Force only after the last-key warning.
    const removed = await removeKey(timeoutSeconds, at, key, last).catch((error: unknown) => {
      throw error instanceof VouchError && error.code === "last_credential" ? onlyKey(key) : error;
    });
    report(key, removed, last, args.for);
    forgetCredential(key.id);
  },
});

async function removeKey(
  timeoutSeconds: number,
  at: { server?: string },
  { id, name }: SecurityKey,
  force: boolean,
): Promise<Reply<typeof routes.keyRemoveFinish>> {
  const limit = { timeoutMs: agentTimeoutMs };
  const start: KeyRemoveStartRequest = { ...at, id, force };
  const begun = await askAgent(routes.keyRemoveStart, start, limit);
  const approval = await approve(timeoutSeconds, begun.server, begun.approval, approveRemove(id, name, force));
  const request: KeyChangeFinishRequest = { ...at, ceremony: begun.ceremony, approval };
  return orUnknown(() => askAgent(routes.keyRemoveFinish, request, limit), `"${name}" is removed`, listShows);
}

function onlyKey({ name }: SecurityKey): VouchError {
  return new VouchError("last_credential", `"${name}" is your only security key: without it you cannot log in.`, {
    hint: "Add another with `vouch keys add` first. `--force` removes it all the same; then only a new enrolment code lets you in.",
  });
}

async function isMeant(key: SecurityKey): Promise<boolean> {
  const consequence = key.thisSession ? "It opened this session, which ends with it." : "It opens no session any more.";
  try {
    return await confirm(`Remove "${key.name}" (${modelOfKey(key)})? ${consequence}`, false);
  } catch (error) {
    if (!(error instanceof VouchError) || error.code !== "usage") throw error;
    throw new VouchError("usage", "This needs a terminal to ask on, and there is none.", {
      hint: "Add `--yes` to remove the key without a question.",
      cause: error,
    });
  }
}

function report(
  { name }: SecurityKey,
  { sessionsEnded, thisSession }: Reply<typeof routes.keyRemoveFinish>,
  last: boolean,
  profile: string | undefined,
): void {
  success(`"${name}" is removed. It opens no session any more.`);
  const others = sessionsEnded - (thisSession ? 1 : 0);
  if (others > 0) {
    const ended = others === 1 ? "Another session" : `${others} other sessions`;
    note(
      `${ended} that it opened ended. What AWS has issued stays good until it ends, eight hours after the login at most.`,
    );
  }
  if (!thisSession) return;
  note(
    atProfile(
      last
        ? "Your session has ended with it. With a new code: `vouch enroll --server URL`."
        : "Your session has ended with it. Next: `vouch login` with another key.",
      profile,
    ),
  );
}
