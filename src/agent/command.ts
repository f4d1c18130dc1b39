/** `vouch agent run`: the life of the agent's process, from the lock to the last answer. */
import { lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "./agent.ts";
import { createAgentFolder } from "./folder.ts";
import { hardenProcess } from "./hardening.ts";
import { takeLock } from "./lock.ts";
import { log } from "./log.ts";
import { releaseCode } from "./resident.ts";
import { serveAgent } from "./server.ts";
import { agentSocketPath } from "./socket.ts";
import { lstat } from "./client.ts";

/** How long answers that are under way may take once the agent is told to stop, in milliseconds. */
const drainLimitMs = 2_000;

/**
 * Runs the agent in the foreground until SIGTERM, SIGINT, SIGHUP or `vouch agent stop`. Resolves with the exit code: 0
 * also when another agent is running already, which then goes on. Every `watchIntervalMs` it looks for what has ended
 * or ends soon; every ask looks too.
 * Throws `agent_untrusted`, `agent_unavailable`, `file_error`.
 */
export async function runAgent({ watchIntervalMs = 15_000 } = {}): Promise<number> {
  hardenProcess();
  const socketPath = agentSocketPath(lstat);
  createAgentFolder(dirname(socketPath));
  const unlock = takeLock(join(dirname(socketPath), "agent.lock"));
  if (!unlock) {
    log("another agent is running");
    return 0;
  }
  // With the lock held, a socket that stands there is of an agent that is dead.
  rmSync(socketPath, { force: true });

  const agent = new Agent();
  const stopped = Promise.withResolvers<string>();
  let drained: Promise<void> | undefined;
  const stop = (why: string) => {
    if (drained) return;
    // In this order, and before `stop` is answered: whoever comes next finds neither socket nor lock, and starts anew.
    drained = server.stop();
    unlock();
    stopped.resolve(why);
  };
  const server = serveAgent(agent, socketPath, () => stop("it was asked to"));
  const { ino } = lstatSync(socketPath);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(signal));
  const watch = setInterval(() => {
    if (lstatSync(socketPath, { throwIfNoEntry: false })?.ino !== ino) {
      // One that nobody can ask must not hold a session. Stopping the server would remove a successor's socket.
      drained ??= Promise.resolve();
      stopped.resolve("its socket is gone");
    }
    agent.watch();
    releaseCode();
  }, watchIntervalMs);

  log(`listening on ${socketPath}, process ${process.pid}`);
  log(`stopping: ${await stopped.promise}`);
  clearInterval(watch);
  await agent.logout();
  await Promise.race([drained, sleep(drainLimitMs, undefined, { ref: false })]);
  server.unref();
  return 0;
}
