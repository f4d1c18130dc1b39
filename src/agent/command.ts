/** `vouch agent run`: the life of the agent's process, from the lock to the last answer. */
import { lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Agent } from "./agent.ts";
import { createAgentFolder } from "./folder.ts";
import { hardenProcess } from "./hardening.ts";
import { lockForLife } from "./lock.ts";
import { log } from "./log.ts";
import { serveAgent } from "./server.ts";
import { agentSocketPath } from "./socket.ts";

/** How often the session's end and what ends soon are looked for, in milliseconds. Every ask looks too. */
const watchIntervalMs = 15_000;
/** How long answers that are under way may take once the agent is told to stop, in milliseconds. */
const stopLimitMs = 2_000;

/**
 * Runs the agent in the foreground until SIGTERM, SIGINT, SIGHUP or `vouch agent stop`. Resolves with the exit code: 0
 * also when another agent is running already, which then goes on.
 * Throws `agent_untrusted`, `agent_unavailable`, `file_error`.
 */
export async function runAgent(): Promise<number> {
  hardenProcess();
  const socketPath = await agentSocketPath();
  await createAgentFolder(dirname(socketPath));
  if (!lockForLife(join(dirname(socketPath), "agent.lock"))) {
    log("another agent is running");
    return 0;
  }
  // With the lock held, a socket that stands there is of an agent that is dead.
  rmSync(socketPath, { force: true });
  const agent = new Agent();
  const stopped = Promise.withResolvers<string>();
  const server = serveAgent(agent, socketPath, () => stopped.resolve("it was asked to"));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stopped.resolve(signal));
  const socket = lstatSync(socketPath).ino;
  const watch = setInterval(() => {
    // Whoever removed the socket has taken the agent's reach away: one that nobody can ask must not hold a session.
    if (lstatSync(socketPath, { throwIfNoEntry: false })?.ino !== socket) stopped.resolve("its socket is gone");
    agent.forgetWhatEnded();
    void agent.renew();
  }, watchIntervalMs);
  log(`listening on ${socketPath}, process ${process.pid}`);
  log(`stopping: ${await stopped.promise}`);
  clearInterval(watch);
  await agent.logout();
  await server.stop(stopLimitMs);
  return 0;
}
