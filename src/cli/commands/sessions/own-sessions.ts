/** Lists the sessions of the session's user and finds one by its id. */
import { askAgent } from "../../../agent/wire/client.ts";
import { routes } from "../../../agent/protocol.ts";
import type { OwnSession } from "../../../agent/wire/reply-parts.ts";
import { VouchError } from "../../../base/errors.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";

/** Minimum length of an id prefix; a shorter one is probably a typing error. */
const shortestId = 4;

/** Returns the live sessions, the oldest first. Throws `login_needed` and `session_expired` without a session. */
export async function listSessions(at: { server?: string }): Promise<OwnSession[]> {
  return (await askAgent(routes.sessions, at, { timeoutMs: agentTimeoutMs })).sessions;
}

/** Finds a session by an id prefix of at least four characters. Throws `session_not_found`, and `usage` if ambiguous. */
export function findSession(sessions: readonly OwnSession[], text: string): OwnSession {
  const begun = text.length < shortestId ? [] : sessions.filter(({ id }) => id.startsWith(text.toLowerCase()));
  const [session, other] = begun;
  if (session && !other) return session;
  if (other) {
    throw new VouchError("usage", `The ids of several of your sessions begin with "${text}".`, {
      hint: "Give more of the id: `vouch sessions list --json` has all of it.",
    });
  }
  throw new VouchError("session_not_found", `You have no live session "${text}".`, {
    hint: "`vouch sessions list` shows those that you have.",
  });
}
