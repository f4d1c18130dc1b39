/** The step "session": the login that every day begins with. */
import { VouchError } from "../../../base/errors.ts";
import { clockTime } from "../../terminal/time.ts";
import { hasSession, sessionEnd } from "../chosen-server.ts";
import { openSession, sayLoggedIn, serverForLogin } from "../open-session.ts";
import type { Step } from "./step.ts";

export const session: Step = {
  title: "Session",
  present: ({ settings, agent }) => {
    const end = sessionEnd(agent, settings, undefined);
    if (!hasSession(agent, settings) || end === undefined) return undefined;
    return `Session: until ${clockTime(end)}.`;
  },
  // The key asks for its PIN on a terminal.
  isGiven: () => false,
  carryOut: async ({ settings, timeoutSeconds }) => {
    const server = serverForLogin(undefined, settings);
    if (server === undefined) {
      throw new VouchError("settings_missing", "Several Vouch servers are known here, and none is the default one.", {
        hint: "Log in at one with `vouch login --for NAME`.",
      });
    }
    sayLoggedIn(await openSession(server, settings, timeoutSeconds));
  },
};
