/** A machine that knows no Vouch server: what a person does to make it known. */
import { profileServers } from "../../settings/servers.ts";
import { loadSettings } from "../../settings/settings.ts";

export const howToLearnServer =
  "With an enrolment code, run `vouch enroll --server URL`; with a key that is enrolled already, `vouch login --server URL`.";

/** Whether the settings name a server; also true where they cannot be read, for then nothing is known of it. */
export function knowsServer(): boolean {
  try {
    const settings = loadSettings();
    return settings.server !== undefined || profileServers(settings).size > 0;
  } catch {
    return true;
  }
}
