/** One question by the helpers' short way, as main.ts has it asked. */
import type { Route } from "../../src/agent/protocol.ts";
import type { Attempt } from "../../src/helper/attempt.ts";
import { ask, openSystem, type tokenRoute } from "../../src/helper/quick/agent.ts";

/** The reply, or what is left for the careful side. Only where there is a short way: on Linux. */
export function askInShort(route: Route, body: unknown, limitMs?: number): { reply: unknown; attempt: Attempt } {
  const system = openSystem();
  if (system === undefined) throw new Error("expected the C library, got none");
  const reply = ask(system, route as typeof tokenRoute, JSON.stringify(body), limitMs);
  return { reply, attempt: system.attempt };
}
