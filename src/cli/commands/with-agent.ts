/** Runs a command's work with a running agent, and says what a failure leaves behind. */
import { logInElsewhere } from "../../agent/process/folder.ts";
import { ensureAgent } from "../../agent/process/start.ts";
import { replaceAgent, stopAgent } from "../../agent/process/stop.ts";
import type { Reply, Route, StatusReply } from "../../agent/protocol.ts";
import { askAgent, askStatus } from "../../agent/wire/client.ts";
import { isGone, OtherProtocol } from "../../agent/wire/question.ts";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import { hasAnySession } from "./chosen-server.ts";
import { agentTimeoutMs } from "../key/ceremony.ts";
import { note } from "../terminal/terminal.ts";
import { otherVersion } from "./agent-version.ts";

/**
 * Starts the agent if none is running, then runs `work`. One that cannot be talked to because it is older is replaced;
 * with `replaces` also one that could, as its session is about to be replaced anyway. If `work` fails, says that the
 * agent that this call has started keeps running, except in the guided set-up, which goes on with it. It is not stopped: another terminal may have begun a login with it
 * meanwhile. Throws `agent_unavailable` for an agent whose protocol is newer, `access_denied` for another machine's.
 */
export async function withAgent<Result>(
  work: () => Promise<Result>,
  { replaces = false, isGuided = false }: { replaces?: boolean; isGuided?: boolean } = {},
): Promise<Result> {
  const running = await usableAgent();
  const other = replaces && running ? otherVersion(running) : undefined;
  if (running && other && other.relation !== "newer") {
    note(
      `${other.found} It is replaced${hasAnySession(running) ? ", and its session ends; this login opens a new one" : ""}.`,
    );
    await replaceAgent(running);
  } else if (other) note(`${other.found} ${other.remedy}`);
  const { isNew } = await ensureAgent();
  try {
    return await work();
  } catch (error) {
    if (isNew && !isGuided) note(agentStays);
    throw error;
  }
}

const agentStays = "The agent that was started keeps running; `vouch agent stop` ends it.";

/** Runs the guided set-up, which starts an agent on the way: if it fails, says that this one keeps running. */
export async function sayingThatAgentStays<Result>(work: () => Promise<Result>): Promise<Result> {
  const isRunning = async (): Promise<boolean> => (await askStatus().catch(() => undefined)) !== undefined;
  const wasRunning = await isRunning();
  try {
    return await work();
  } catch (error) {
    if (!wasRunning && (await isRunning())) note(agentStays);
    throw error;
  }
}

/**
 * Begins a ceremony by `route`, once more where the agent went away meanwhile: it restarts itself when its last session
 * ends. Throws as `askAgent` and `ensureAgent`.
 */
export async function beginThrough<R extends Route>(route: R, request: unknown): Promise<Reply<R>> {
  const ask = () => askAgent(route, request, { timeoutMs: agentTimeoutMs });
  try {
    return await ask();
  } catch (error) {
    const isAway = isGone(error) || (error instanceof VouchError && error.code === "login_needed");
    if (!isAway) throw error;
    await ensureAgent();
    return await ask();
  }
}

function ofAnotherMachine(name: string): VouchError {
  const message = `The agent that answers here runs on another machine, which calls this one its guest ${printable(name)}.`;
  return new VouchError("access_denied", message, {
    hint: logInElsewhere,
  });
}

/** The status of the running agent; one of an older protocol is stopped. */
async function usableAgent(): Promise<StatusReply | undefined> {
  try {
    const running = await askStatus();
    if (running?.guest !== undefined) throw ofAnotherMachine(running.guest.name);
    return running;
  } catch (error) {
    if (!(error instanceof Error) || !(error.cause instanceof OtherProtocol) || error.cause.isNewer !== false)
      throw error;
    note("The running agent is of an older vouch. It is replaced, and a session that it has ends with it.");
    await stopAgent();
    return undefined;
  }
}
