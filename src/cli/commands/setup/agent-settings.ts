/** Detects that the running agent reads another settings file: VOUCH_CONFIG may differ in the shell that started it. */
import type { StatusReply } from "../../../agent/protocol.ts";
import { settingsPath } from "../../../settings/settings.ts";

/** Returns a warning if the agent reads another settings file than this command has written, else undefined. */
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
