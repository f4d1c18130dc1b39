/** Which settings file the running agent reads: VOUCH_CONFIG may differ between the shell that started it and this one. */
import type { StatusReply } from "../../../agent/protocol.ts";
import { settingsPath } from "../../../settings/settings.ts";

/** What to say where the agent reads another file than this command has written; undefined where both are the same. */
export function otherSettings(
  agent: StatusReply | undefined,
  path: string = settingsPath(),
): { found: string; remedy: string } | undefined {
  if (agent?.settings === undefined || agent.settings === path) return undefined;
  return {
    found: `The running agent reads its settings from ${agent.settings}, this shell's are ${path}.`,
    remedy: "vouch agent stop, then vouch login in this shell",
  };
}
