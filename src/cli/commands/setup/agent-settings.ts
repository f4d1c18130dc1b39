/** Detects that the running agent reads another settings file: VOUCH_CONFIG may differ in the shell that started it. */
import { shellWord } from "../../../base/words/shell-word.ts";
import type { StatusReply } from "../../../agent/protocol.ts";
import { hasAnySession } from "../chosen-server.ts";
import { settingsPath } from "../../../settings/settings.ts";

/** Returns a warning if the agent reads another settings file than this command has written, else undefined. */
export function otherSettings(
  agent: StatusReply | undefined,
  path: string = settingsPath(),
): { found: string; remedy: string } | undefined {
  if (agent?.settings === undefined || agent.settings === path) return undefined;
  const session = hasAnySession(agent) ? " Its session does not serve what is set up in this shell." : "";
  return {
    found: `The running agent reads its settings from ${agent.settings}, this shell's are ${path}.${session}`,
    remedy: `vouch agent stop, then vouch login in this shell (or, to use the settings that it reads: VOUCH_CONFIG=${shellWord(agent.settings)})`,
  };
}

/** The first of the next commands where the agent serves other settings: without it no login of this shell works. */
export const stopOtherAgent: [command: string, does: string] = [
  "vouch agent stop",
  "end the agent that reads other settings, and its session",
];
