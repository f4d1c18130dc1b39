/** A machine that knows no Vouch server: what a person does to make it known. */
import { VouchError } from "../base/errors.ts";
import { profileServers } from "./servers.ts";
import { loadSettings } from "./settings.ts";

export const howToLearnServer =
  "With an enrolment code, run `vouch enroll --server URL`; with a key that is enrolled already, `vouch login --server URL`.";

/** Whether the settings name a server; also true where they cannot be read, for then nothing is known of it. */
function knowsServer(): boolean {
  try {
    const settings = loadSettings();
    return settings.server !== undefined || profileServers(settings).size > 0;
  } catch {
    return true;
  }
}

/** The error; where a login leads nowhere, for want of a server, with the hint on how the machine learns one. */
export function atUnknownServer(error: VouchError): VouchError {
  if (error.code !== "login_needed" || error.hint !== "Run `vouch login`." || knowsServer()) return error;
  return new VouchError(error.code, error.message, { hint: howToLearnServer, cause: error });
}
