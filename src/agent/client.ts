/** Asks the agent by means of the runtime: for the command line, which may wait and be interrupted. */
import { askThrough, checked, type Route } from "./question.ts";
import * as runtime from "./runtime.ts";

/** lstat(2). Throws `agent_untrusted` when the system does not let this user look. */
export const lstat = checked(runtime.lstat);

/** Asks one question and resolves with the agent's reply; throws as `askThrough`. */
export async function askAgent<Reply>(
  route: Route,
  body?: unknown,
  { timeoutMs }: { timeoutMs?: number } = {},
): Promise<Reply> {
  return askThrough<Reply>(runtime, route, body, timeoutMs);
}
