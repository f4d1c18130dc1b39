/** `vouch logout`: ends the session here and at the server. */
import { setTimeout as sleep } from "node:timers/promises";
import { askAgent, askStatus } from "../../agent/wire/client.ts";
import { routes } from "../../agent/protocol.ts";
import { defineCommand } from "../framework/command.ts";
import { note, success, warn } from "../terminal/terminal.ts";

export const logout = defineCommand({
  meta: { name: "logout", description: "End the session at the server and forget every token." },
  teaching: {
    details: [
      "The agent goes on running, without a session. Tokens that AWS issued stay valid at AWS until they end, but no copy of them is left on this machine.",
    ],
    examples: [["vouch logout", "Before you lend your laptop."]],
  },
  async run() {
    const reply = (await askStatus()) && (await askAgent(routes.logout, {}, { timeoutMs: 15_000 }));
    if (!reply?.wasLoggedIn) {
      note("There is no session; nothing to do.");
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

/** Waits, with a timeout, for the agent's new process to answer, so that the next command finds it. Best effort. */
async function untilReplaced(): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const status = await askStatus(1_000).catch(() => undefined);
    if (status !== undefined && status.session === undefined) return;
    await sleep(20);
  }
}
