/** The remaining setup steps of a machine, in order. */
import { profileServers } from "../../../settings/servers.ts";
import { hasAnySession } from "../chosen-server.ts";
import type { Machine } from "../../../tools/finding.ts";

export interface NextStep {
  command: string;
  /** The effect of the command. */
  does: string;
}

/** Checks whose findings duplicate these steps. */
export const saidBySteps: ReadonlySet<string> = new Set(["enrolled", "role", "repository"]);

/** Returns the missing setup steps, with `vouch login` last if it follows them. Empty on a machine that is set up. */
export function nextSteps({ settings, agent }: Pick<Machine, "settings" | "agent">): NextStep[] {
  const [profiles] = profileServers(settings).values();
  const known = settings.server !== undefined || profiles !== undefined || hasAnySession(agent);
  const steps: NextStep[] = [
    ...(known
      ? []
      : [
          {
            command: "vouch enroll --server URL",
            does: "makes your security key known, with the code you were given; a key that is known already needs `vouch login --server URL` instead",
          },
        ]),
    ...(settings.aws ? [] : [{ command: "vouch setup aws --role ARN --region REGION", does: "names the AWS role" }]),
    ...(settings.repositories.length > 0
      ? []
      : [
          {
            command: "vouch setup codeartifact --domain DOMAIN --repository REPOSITORY",
            does: "configures your package managers",
          },
        ]),
  ];
  if (steps.length === 0 || hasAnySession(agent)) return steps;
  const command = settings.server || profiles === undefined ? "vouch login" : `vouch login --for ${profiles[0]}`;
  return [...steps, { command, does: "PIN and touch, once a day" }];
}
