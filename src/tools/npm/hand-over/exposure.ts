/** Why a package manager gets its token in a way that the code of packages can follow: by variables of the environment. */
import { routes } from "../../../agent/protocol.ts";
import type { EnvironmentRequest } from "../../../agent/requests.ts";
import { VouchError } from "../../../base/errors.ts";
import type { Purpose } from "../../../base/purpose.ts";
import { ask } from "../../../helper/ask.ts";
import type { Guarded, Stronger } from "../guard/guard.ts";

export class Exposure {
  readonly why: string;
  readonly hint: string;
  /** Whether nobody knows what would get the token: then it is not given at all. */
  readonly isUnknown: boolean;

  constructor(why: string, hint: string, isUnknown = false) {
    this.why = why;
    this.hint = hint;
    this.isUnknown = isUnknown;
  }

  /** The line for the user. */
  line(tool: string): VouchError {
    const message = `Install scripts of packages can read ${tool}'s token here: ${this.why}`;
    return new VouchError("project_untrusted", message, { hint: this.hint });
  }
}

/** For a credential in a file that the tool takes before one that it gets otherwise. */
export function exposureBy([first]: readonly Stronger[]): Exposure | undefined {
  if (first === undefined) return undefined;
  const why = `${first.file}: ${first.key} is taken before a token that they cannot read.`;
  return new Exposure(why, "Remove it there: Vouch brings the token.");
}

/**
 * What is left where a token can be read: the variables; for publishing with a role of its own nothing, because no code of
 * a package may publish. Returns the line for the user, too.
 */
export async function exposed(
  exposure: Exposure,
  { tool, guarded, purpose }: { tool: string; guarded: Guarded; purpose: Purpose },
): Promise<{ env: Guarded["env"]; line: VouchError }> {
  if (purpose === "publish" && (await publishesByRole())) {
    const message = `${tool} gets no token for publishing, because scripts could read it: ${exposure.why}`;
    const line = new VouchError("project_untrusted", message, { hint: exposure.hint });
    return { env: guarded.bare ?? guarded.env, line };
  }
  if (exposure.isUnknown) {
    const line = new VouchError("project_untrusted", `${tool} gets no token: ${exposure.why}`, { hint: exposure.hint });
    return { env: guarded.bare ?? guarded.env, line };
  }
  return { env: guarded.env, line: exposure.line(tool) };
}

/** Whether a repository of npm's has a role for publishing. Throws as `ask`. */
export async function publishesByRole(): Promise<boolean> {
  const request: EnvironmentRequest = { format: "npm" };
  return (await ask(routes.environment, request)).hasPublishRole === true;
}
