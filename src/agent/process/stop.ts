/** Stops the running agent, or replaces it by this version. */
import { setTimeout as sleep } from "node:timers/promises";
import { buildInfo } from "../../base/build-info.ts";
import { VouchError } from "../../base/errors.ts";
import { routes, type StatusReply } from "../protocol.ts";
import { askAgent, askStatus, listenerPid, lstat } from "../wire/client.ts";
import { namingLog } from "../wire/log-path.ts";

/** Timeout for the agent to shut down: revoke its session at the server and finish requests in flight. */
const stopTimeoutMs = 20_000;
/** Timeout of the stop request. */
const answerLimitMs = 10_000;
const pollIntervalMs = 20;

/**
 * Stops the agent for good and waits until its process has ended; resolves with the process's id, undefined if none
 * runs. Throws `agent_unavailable`, `agent_untrusted`.
 */
export async function stopAgent(): Promise<number | undefined> {
  let pid: number | undefined;
  try {
    pid = (await askStatus(answerLimitMs))?.pid;
    if (pid === undefined) return undefined;
    await askAgent(routes.stop, undefined, { timeoutMs: answerLimitMs });
  } catch (error) {
    // Fallback for an agent that hangs or has another protocol version: signal the process that the kernel reports as
    // peer.
    if (!(error instanceof VouchError) || error.code !== "agent_unavailable") throw error;
    pid = await listenerPid();
    if (pid === undefined) throw error;
    await end(pid);
  }
  await untilGone(pid);
  return pid;
}

/**
 * Has the agent of another version replaced: it becomes the program at its path in the same process, so that a service
 * manager keeps it. If that is not this version either, or the agent cannot, it is stopped. Throws as `stopAgent`.
 */
export async function replaceAgent({ pid }: Pick<StatusReply, "pid">): Promise<void> {
  const isReplaced = await askAgent(routes.restart, undefined, { timeoutMs: answerLimitMs }).then(
    () => untilAnswered(pid),
    () => false,
  );
  if (!isReplaced) await stopAgent();
}

/** Waits for the restarted agent; whether it is of this version now. */
async function untilAnswered(pid: number): Promise<boolean> {
  const deadline = performance.now() + stopTimeoutMs;
  // Its socket was gone before it answered: whoever answers now has been started since.
  for (;;) {
    const status = await askStatus(answerLimitMs).catch(() => undefined);
    if (status) return status.version === buildInfo.version && status.build === buildInfo.build;
    if (!isAlive(pid) || performance.now() > deadline) return false;
    await sleep(pollIntervalMs);
  }
}

/** Waits for the process to exit, so that the next command (`vouch login`) starts a new agent. */
async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      const message = `The agent (process ${pid}) was told to stop and has not yet ended.`;
      const hint = `If it does not end, run \`kill -9 ${pid}\`.`;
      throw namingLog(new VouchError("agent_unavailable", message, { hint }), lstat);
    }
    await sleep(pollIntervalMs);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends SIGTERM, and SIGKILL if the process still runs after two seconds. */
async function end(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + 2_000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      process.kill(pid, "SIGKILL");
      return;
    }
    await sleep(pollIntervalMs);
  }
}
