/** `vouch logout`: ends the session here and at the server. */
import { setTimeout as sleep } from "node:timers/promises";
import { askAgent, askStatus } from "../../agent/wire/client.ts";
import { routes } from "../../agent/protocol.ts";
import type { LogoutRequest } from "../../agent/requests.ts";
import { loadSettings } from "../../settings/settings.ts";
import { defineCommand } from "../framework/command.ts";
import { chosenServer, forArg } from "./chosen-server.ts";
import { note, success, warn } from "../terminal/terminal.ts";

export const logout = defineCommand({
  meta: { name: "logout", description: "End the session at the server and forget every token." },
  args: forArg,
  teaching: {
    details: [
      "Ends every session, at each server; with --for that at the server of one profile, and the agent keeps the others. The agent goes on running, without a session, and its memory is cleared: what `vouch log` has from memory is gone, too. Tokens that AWS issued stay valid at AWS until they end, but no copy of them is left on this machine.",
    ],
    examples: [
      ["vouch logout", "Before you lend your laptop."],
      ["vouch logout --for acme", "End the session at the server of the profile acme only."],
    ],
  },
  async run({ args }) {
    const request = requestFor(args.for);
    const reply = (await askStatus()) && (await askAgent(routes.logout, request, { timeoutMs: 15_000 }));
    if (!reply?.wasLoggedIn) {
      note(`There is no session${request.server === undefined ? "" : ` at ${request.server}`}; nothing to do.`);
      return;
    }
    const { remaining = 0 } = reply;
    if (remaining > 0) {
      success(`Logged out at ${request.server}. The agent has forgotten the tokens of that session.`);
      note("Its memory is cleared when the last session ends: `vouch logout` ends them all.");
      if (!reply.revoked) warn("The server did not confirm the end of the session.");
      return;
    }
    await untilReplaced();
    if (reply.revoked) {
      success("Logged out. The session has ended at the server, and the agent has forgotten every token.");
      return;
    }
    success("Logged out. The agent has forgotten the session and every token.");
    warn(
      "The server did not confirm the end of the session. Its key is gone with the agent's memory, so no one can use it.",
    );
  },
});

/** For a profile, the server is named even if it is the default one: without it every session ends. */
function requestFor(profile: string | undefined): LogoutRequest {
  if (profile === undefined) return {};
  const settings = loadSettings();
  const server = chosenServer(profile, settings).server ?? settings.server?.url;
  return server === undefined ? {} : { server };
}

/** Waits, with a timeout, for the agent's new process to answer, so that the next command finds it. Best effort. */
async function untilReplaced(): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const status = await askStatus(1_000).catch(() => undefined);
    const isEmpty = status?.sessions?.every(({ expiration }) => expiration === undefined) ?? true;
    if (status !== undefined && status.session === undefined && isEmpty) return;
    await sleep(20);
  }
}
