/** The remaining setup steps of a machine, in order. */
import { profileServers } from "../../../settings/servers.ts";
import { hasAnySession } from "../chosen-server.ts";
import type { Machine } from "../../../tools/checks/finding.ts";

export interface NextStep {
  command: string;
  /** The effect of the command. */
  does: string;
}

/** Checks whose findings duplicate these steps. */
export const saidBySteps: ReadonlySet<string> = new Set(["enrolled", "role", "repository"]);

/**
 * The one next command of a machine that is not set up: `vouch enroll` does all that is missing, one step after the
 * other. Empty on a machine that is set up.
 */
export function nextSteps({ settings, agent }: Pick<Machine, "settings" | "agent">): NextStep[] {
  const known = settings.server !== undefined || profileServers(settings).size > 0 || hasAnySession(agent);
  const missing = [
    ...(known ? [] : ["your security key"]),
    ...(settings.aws ? [] : ["the AWS role"]),
    ...(settings.repositories.length > 0 ? [] : ["the repository of your package managers"]),
  ];
  if (missing.length === 0) return [];
  const what = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(missing);
  return [{ command: "vouch enroll", does: `asks, step by step, for what is missing: ${what}` }];
}
