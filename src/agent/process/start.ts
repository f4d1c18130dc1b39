/** Starts the agent in the background if none is running. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { trace } from "../../base/trace.ts";
import { askStatus, lstat } from "../wire/client.ts";
import { namingLog } from "../wire/log-path.ts";
import { agentFolder } from "../wire/socket.ts";
import { checkOwnAgent } from "./folder.ts";
import { isLockFree, lockHolder } from "./lock.ts";

const pollIntervalMs = 20;
/** Backoff between starts, doubled up to the second one. */
const firstRestartMs = 100;
const maxRestartMs = 2_000;
const statusTimeoutMs = 2_000;

/**
 * Resolves once an agent answers: a running one, or one that this call has started, detached, so that it outlives the
 * terminal (`isNew`). Concurrent calls end with one agent (lock.ts); while somebody holds its lock, none is started. Throws
 * `agent_unavailable` if none answers within `timeoutMs`, and names the process that holds the lock; `agent_untrusted`;
 * `access_denied` in a guest's folder.
 */
export async function ensureAgent(
  options: { command?: string[]; timeoutMs?: number } = {},
): Promise<{ isNew: boolean }> {
  const { command = [process.execPath, "agent", "run"], timeoutMs = 10_000 } = options;
  if (await isRunning()) return { isNew: false };
  checkOwnAgent();
  const deadline = performance.now() + timeoutMs;
  const lock = join(agentFolder(lstat), "agent.lock");
  let agent = start(command);
  let restartMs = firstRestartMs;
  let restartAt = performance.now() + restartMs;
  while (!(await isRunning())) {
    // Exit code 0: another agent holds the lock. Still no answer: that agent is shutting down, or the holder is no agent.
    if (agent.exitCode === 0 && performance.now() >= restartAt && isLockFree(lock)) {
      agent = start(command);
      restartMs = Math.min(restartMs * 2, maxRestartMs);
      restartAt = performance.now() + restartMs;
    }
    if (agent.exitCode !== null && agent.exitCode !== 0) throw failed(`ended with exit code ${agent.exitCode}`);
    if (agent.signalCode !== null) throw failed(`was ended by ${agent.signalCode}`);
    if (performance.now() > deadline && agent.exitCode === 0 && !isLockFree(lock)) throw lockHeld(lock, timeoutMs);
    if (performance.now() > deadline) throw failed(`did not answer within ${timeoutMs / 1000} seconds`);
    await sleep(pollIntervalMs);
  }
  return { isNew: agent.exitCode === null };
}

/** Throws `agent_unavailable` if the system cannot start a process. */
function start(command: string[]): Bun.Subprocess {
  try {
    const agent = Bun.spawn(command, {
      cwd: "/",
      env: process.env,
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    });
    agent.unref();
    trace("program", `${command[0]} started as process ${agent.pid}, the agent`);
    return agent;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `The Vouch agent cannot be started (${code ?? "the system refused"}).`;
    const hint = "Is there a limit on processes or memory (`ulimit -a`)? Raise it, then run `vouch login` again.";
    throw namingLog(new VouchError("agent_unavailable", message, { hint, cause: error }), lstat);
  }
}

async function isRunning(): Promise<boolean> {
  return (await askStatus(statusTimeoutMs)) !== undefined;
}

/** Another process holds the lock, and no agent answers. */
function lockHeld(path: string, timeoutMs: number): unknown {
  const holder = lockHolder(path);
  const who = holder === undefined ? "another process" : `process ${holder.pid} (${printable(holder.name)})`;
  const message = `No agent can start: for ${timeoutMs / 1000} seconds ${who} has held its lock, ${path}, and no agent has answered.`;
  const hint =
    holder === undefined
      ? `\`lsof ${path}\` names it; end it and run \`vouch login\` again.`
      : `If you do not need it, run \`kill ${holder.pid}\`, then \`vouch login\` again.`;
  return namingLog(new VouchError("agent_unavailable", message, { hint }), lstat);
}

function failed(why: string): unknown {
  const hint = "Run `vouch agent run` to see why.";
  return namingLog(new VouchError("agent_unavailable", `The Vouch agent was started but ${why}.`, { hint }), lstat);
}
