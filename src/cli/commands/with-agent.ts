/** Runs a command's work with a running agent, and says what a failure leaves behind. */
import { ensureAgent } from "../../agent/process/start.ts";
import { note } from "../terminal/terminal.ts";

/**
 * Starts the agent if none is running, then runs `work`. If that fails, says that the agent that this call has started
 * keeps running. It is not stopped: another terminal may have begun a login with it meanwhile.
 */
export async function withAgent<Result>(work: () => Promise<Result>): Promise<Result> {
  const { isNew } = await ensureAgent();
  try {
    return await work();
  } catch (error) {
    if (isNew) note("The agent that was started keeps running; `vouch agent stop` ends it.");
    throw error;
  }
}
