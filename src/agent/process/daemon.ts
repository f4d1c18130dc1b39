/** `vouch agent run`: the life of the agent's process, from the lock to the last answer. */
import { lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "../agent.ts";
import { VouchError } from "../../base/errors.ts";
import { traceTo } from "../../base/trace.ts";
import { createAgentFolder } from "./folder.ts";
import { hardenProcess } from "./hardening.ts";
import { takeLock } from "./lock.ts";
import { log, logsToFile } from "./log.ts";
import { releaseCode } from "./resident.ts";
import { serveAgent } from "../server.ts";
import { type EndReason, endReasons } from "../session/session.ts";
import { agentSocketPath } from "../wire/socket.ts";
import { lstat } from "../wire/client.ts";

/** How long answers that are under way may take once the agent is told to stop, in milliseconds. */
const drainLimitMs = 2_000;

/**
 * Runs the agent in the foreground until SIGTERM, SIGINT, SIGHUP or `vouch agent stop`. Resolves with the exit code: 0
 * also when another agent is running already, which then goes on. Every `watchIntervalMs` it looks for what has ended
 * or ends soon; every ask looks too.
 * Throws `agent_untrusted`, `agent_unavailable`, `file_error`.
 */
export async function runAgent({ watchIntervalMs = 15_000 } = {}): Promise<number> {
  traceTo(log);
  // Beyond a limit on file sizes a write fails, as on a full disk, instead of ending the process.
  process.on("SIGXFSZ", () => {});
  if (!logsToFile()) return serve(watchIntervalMs);
  // Nobody sees what the runtime or the command line would print.
  process.on("uncaughtException", (error) => {
    log(`ended by a fault: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  try {
    return await serve(watchIntervalMs);
  } catch (error) {
    log(`cannot run: ${VouchError.from(error).message}`);
    throw error;
  }
}

async function serve(watchIntervalMs: number): Promise<number> {
  hardenProcess(log);
  const socketPath = agentSocketPath(lstat);
  createAgentFolder(dirname(socketPath));
  const unlock = takeLock(join(dirname(socketPath), "agent.lock"));
  if (!unlock) {
    log("another agent is running");
    return 0;
  }
  // With the lock held, a socket that stands there is of an agent that is dead.
  rmSync(socketPath, { force: true });

  let successorOf: EndReason | undefined;
  const agent = new Agent({
    ...takeEndReason(),
    onEnd(reason) {
      // Nothing wipes a runtime's heap of strings: the process is replaced, once whoever ended the session has been answered.
      successorOf = reason;
      setTimeout(() => stop("the session has ended; a fresh process takes over"), 0);
    },
    onStop: () => stop("it was asked to", true),
  });
  const stopped = Promise.withResolvers<string>();
  let drained: Promise<void> | undefined;
  let isReplaced = true;
  const stop = (why: string, forGood = false) => {
    if (forGood) isReplaced = false;
    if (drained) return;
    // In this order, and before `stop` is answered: whoever comes next finds neither socket nor lock, and starts anew.
    drained = server.stop();
    unlock();
    stopped.resolve(why);
  };
  const server = serveAgent(agent, socketPath);
  const { ino } = lstatSync(socketPath);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(signal, true));
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
  if (successorOf !== undefined && isReplaced) becomeFresh(successorOf);
  return 0;
}

/** Tells the fresh process why there is no session. */
const endVariable = "VOUCH_AGENT_ENDED";

function takeEndReason(): { ended?: EndReason } {
  const given = process.env[endVariable];
  delete process.env[endVariable];
  const ended = endReasons.find((reason) => reason === given);
  return ended === undefined ? {} : { ended };
}

/**
 * Replaces this process by the same program without anything in its memory: the process id stays, for who supervises it.
 * Another agent may have been started in the meantime: then the fresh one finds it and ends. Returns when the system
 * refuses; then the process ends, which forgets as much.
 */
function becomeFresh(reason: EndReason): void {
  // In a compiled executable argv[1] is a path inside of it.
  const script = process.argv[1]?.startsWith("/$bunfs/") ? [] : process.argv.slice(1, 2);
  const args = [process.execPath, ...script, ...process.argv.slice(2)];
  try {
    process.execve!(process.execPath, args, { ...process.env, [endVariable]: reason });
  } catch (error) {
    log(`no fresh process: ${(error as Error).message}`);
  }
}
