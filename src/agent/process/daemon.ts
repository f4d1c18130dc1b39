/** `vouch agent run`: the main function of the agent's process, from taking the lock to the last answer. */
import { lstatSync, rmSync } from "node:fs";
import * as v from "valibot";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "../agent.ts";
import { VouchError } from "../../base/errors.ts";
import { showNotification } from "../../base/system/notification.ts";
import { traceTo } from "../../base/trace.ts";
import type { ListKeys } from "../end-on/plugged-in.ts";
import { endLimitsMs } from "../end-on/sleep-limits.ts";
import { checkOwnAgent, createAgentFolder } from "./folder.ts";
import { hardenProcess } from "./hardening.ts";
import { takeLock } from "./lock.ts";
import { ProgramsState } from "../record/programs.ts";
import { GivenOutState } from "../tokens/given-out.ts";
import { log, logsToFile } from "./log.ts";
import { releaseCode } from "./resident.ts";
import { serveAgent } from "../server.ts";
import { parseJson } from "../../base/json.ts";
import { endReasons } from "../wire/reply-parts.ts";
import { agentLogPath } from "../wire/log-path.ts";
import { agentSocketPath } from "../wire/socket.ts";
import { lstat } from "../wire/client.ts";

/** Read now: once the file is replaced, the system names the old one, which is gone. */
const program = process.execPath;

export interface RunOptions {
  /** How often the agent looks after its sessions, in milliseconds. */
  watchIntervalMs?: number;
  /** Lists the security keys that are plugged in: the layer above opens them. */
  listKeys?: ListKeys | undefined;
}

/**
 * Runs the agent in the foreground until SIGTERM, SIGINT, SIGHUP or `vouch agent stop`. Resolves with the exit code: 0
 * also if another agent holds the lock. Every `watchIntervalMs` it drops what has ended and renews what ends soon; each
 * request does so, too. Throws `agent_untrusted`, `agent_unavailable`, `file_error`, `access_denied` in a guest's folder.
 */
export async function runAgent({ watchIntervalMs = 15_000, listKeys }: RunOptions = {}): Promise<number> {
  traceTo(log);
  // With SIGXFSZ ignored, a write beyond a file size limit fails like one on a full disk instead of ending the process.
  process.on("SIGXFSZ", () => {});
  if (!logsToFile()) return serve(watchIntervalMs, listKeys);
  // stderr is /dev/null: uncaught errors go to the log.
  process.on("uncaughtException", (error) => {
    log(`ended by a fault: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  try {
    return await serve(watchIntervalMs, listKeys);
  } catch (error) {
    log(`cannot run: ${VouchError.from(error).message}`);
    throw error;
  }
}

async function serve(watchIntervalMs: number, listKeys: ListKeys | undefined): Promise<number> {
  hardenProcess(log);
  const socketPath = agentSocketPath(lstat);
  checkOwnAgent();
  createAgentFolder(dirname(socketPath));
  const unlock = takeLock(join(dirname(socketPath), "agent.lock"));
  if (!unlock) {
    log("another agent is running");
    return 0;
  }
  // The lock is held, so a socket that exists here belongs to a dead agent.
  rmSync(socketPath, { force: true });

  let restarts = false;
  const logPath = agentLogPath((name) => lstatSync(name, { throwIfNoEntry: false }));
  const endedBefore = take(endVariable, Ended) ?? [];
  const isOld = new Set<unknown>(endedBefore);
  const agent = new Agent({
    recordFolder: logPath === undefined ? undefined : dirname(logPath),
    ended: endedBefore,
    given: take(givenVariable, GivenOutState),
    asked: take(askedVariable, ProgramsState),
    listKeys,
    notify: (notification) => void showNotification(notification),
    onEnd() {
      // The runtime cannot wipe its heap of strings: the process is replaced once the request that ended the last session
      // is answered.
      restarts = true;
      setTimeout(() => stop("no session is left; the agent restarts itself (same process id)"), 0);
    },
    onStop: () => stop("it was asked to", true),
    onRestart() {
      restarts = true;
      stop("it was asked to restart itself (same process id)");
    },
  });
  const stopped = Promise.withResolvers<string>();
  let drained: Promise<void> | undefined;
  let isReplaced = true;
  const stop = (why: string, forGood = false) => {
    if (forGood) isReplaced = false;
    if (drained) return;
    // In this order, and before `stop` is answered: the next client then finds neither socket nor lock and starts a new
    // agent.
    drained = server.stop();
    unlock();
    stopped.resolve(why);
  };
  const server = serveAgent(agent, socketPath);
  const { ino } = lstatSync(socketPath);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(signal, true));
  const watch = setInterval(() => {
    if (lstatSync(socketPath, { throwIfNoEntry: false })?.ino !== ino) {
      // The socket was replaced or deleted: unreachable, so end the session. Do not unlink: it may be a successor's.
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
  const endedNow = agent.ended.filter((each) => !isOld.has(each));
  const limitsMs = endLimitsMs(endedNow.map(({ reason }) => reason));
  // What is there is written meanwhile, what the last answers add after them.
  void agent.record.keeper?.flush();
  await Promise.race([drained, sleep(limitsMs.drain, undefined, { ref: false })]);
  await Promise.race([agent.record.keeper?.flush(), sleep(limitsMs.flush, undefined, { ref: false })]);
  server.unref();
  // Not before: a sleep waits for what holds its delay lock.
  agent.close();
  if (restarts && isReplaced) {
    becomeFresh({
      [endVariable]: agent.ended,
      [givenVariable]: agent.given.state,
      [askedVariable]: agent.record.programs.state,
    });
  }
  return 0;
}

/** Passes on to the new process why the sessions ended: JSON. */
const endVariable = "VOUCH_AGENT_ENDED";
const Ended = v.array(
  v.strictObject({
    server: v.string(),
    reason: v.picklist(endReasons),
    isDefault: v.boolean(),
    at: v.exactOptional(v.number()),
  }),
);

/** Passes on which tokens were given out, by fingerprint: JSON. They are good after the session's end. */
const givenVariable = "VOUCH_AGENT_GIVEN_OUT";
/** Passes on which programs have asked today, for their number: JSON. */
const askedVariable = "VOUCH_AGENT_ASKED";

function take<Schema extends v.GenericSchema>(variable: string, schema: Schema): v.InferOutput<Schema> | undefined {
  const given = process.env[variable];
  delete process.env[variable];
  const read = v.safeParse(schema, given === undefined ? undefined : parseJson(given));
  return read.success ? read.output : undefined;
}

/**
 * Replaces this process by the program at its path, with empty memory: after an update that is the new version. The
 * process id stays, for its supervisor. If another agent has been started meanwhile, the new one finds the lock taken
 * and ends. Returns if the system refuses; the process then ends, which clears the memory as well.
 */
function becomeFresh(state: Record<string, unknown>): void {
  // In a compiled executable argv[1] is a path inside of it.
  const script = process.argv[1]?.startsWith("/$bunfs/") ? [] : process.argv.slice(1, 2);
  const args = [program, ...script, ...process.argv.slice(2)];
  try {
    process.execve!(program, args, {
      ...process.env,
      ...Object.fromEntries(Object.entries(state).map(([name, value]) => [name, JSON.stringify(value)])),
    });
  } catch (error) {
    log(`the agent could not restart itself and ends: ${(error as Error).message}`);
  }
}
