/** Starts the agent in the background if none is running. */
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../base/errors.ts";
import { trace } from "../../base/trace.ts";
import { askStatus, lstat } from "../wire/client.ts";
import { namingLog } from "../wire/log-path.ts";

const pollIntervalMs = 20;
const statusTimeoutMs = 2_000;

/**
 * Resolves once an agent answers: a running one, or one that this call has started, detached, so that it outlives the
 * terminal (`isNew`). Concurrent calls end with one agent (lock.ts). Throws `agent_unavailable` if none answers within
 * `timeoutMs`, `agent_untrusted`.
 */
export async function ensureAgent(
  options: { command?: string[]; timeoutMs?: number } = {},
): Promise<{ isNew: boolean }> {
  const { command = [process.execPath, "agent", "run"], timeoutMs = 10_000 } = options;
  if (await isRunning()) return { isNew: false };
  const deadline = performance.now() + timeoutMs;
  let agent = start(command);
  while (!(await isRunning())) {
    // Exit code 0: another agent holds the lock. Still no answer: that agent is shutting down, so retry.
    if (agent.exitCode === 0) agent = start(command);
    if (agent.exitCode !== null) throw failed(`ended with exit code ${agent.exitCode}`);
    if (agent.signalCode !== null) throw failed(`was ended by ${agent.signalCode}`);
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

function failed(why: string): unknown {
  const hint = "Run `vouch agent run` to see why.";
  return namingLog(new VouchError("agent_unavailable", `The Vouch agent was started but ${why}.`, { hint }), lstat);
}
