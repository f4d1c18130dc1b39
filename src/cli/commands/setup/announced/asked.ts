/** What the server of this machine announces, as the agent has it from there. */
import { type AnnouncedBody } from "../../../../announced/body.ts";
import { parseAnnounced } from "../../../../announced/parse.ts";
import { routes } from "../../../../agent/protocol.ts";
import { askAgent } from "../../../../agent/wire/client.ts";
import { VouchError } from "../../../../base/errors.ts";
import { printable } from "../../../../base/words/printable.ts";
import { agentTimeoutMs } from "../../../key/ceremony.ts";

/**
 * Undefined if the server is too old to announce anything. Throws `settings_invalid` if the agent's server is not `server`
 * (URL), and as `askAgent` and `parseAnnounced`.
 */
export async function askAnnounced(server: string): Promise<AnnouncedBody | undefined> {
  const reply = await askAgent(routes.announced, {}, { timeoutMs: agentTimeoutMs });
  if (reply.server !== server) {
    throw new VouchError(
      "settings_invalid",
      `The agent's session is at ${printable(reply.server)}, not at ${server}.`,
      {
        hint: "Run `vouch agent stop`, then `vouch login` in this shell.",
      },
    );
  }
  // The agent may be of another version, or no agent at all.
  return reply.announced === undefined ? undefined : parseAnnounced(reply.announced);
}
