/** `--for NAME`: which Vouch server a command is about, where profiles have servers of their own. */
import type { StatusReply } from "../../agent/protocol.ts";
import { profileNamed } from "../../settings/roles.ts";
import { profileServers, serverOf } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";

export const forArg = {
  for: {
    type: "string",
    valueHint: "NAME",
    description: "At the Vouch server of this profile (`vouch setup aws --profile NAME --server URL`).",
  },
} as const;

/** The server's URL, as a request to the agent names it; nothing for the default one. Throws `settings_missing`. */
export function chosenServer(profile: string | undefined, settings: Settings): { server?: string } {
  if (profile === undefined) return {};
  profileNamed(profile, settings);
  const server = serverOf(profile, settings);
  return server === undefined ? {} : { server };
}

/**
 * A text with commands in backticks, each at the server of this profile: `vouch login` becomes `vouch login --for NAME`,
 * so that a hint does not lead to another server.
 */
export function atProfile(text: string, profile: string | undefined): string {
  if (profile === undefined) return text;
  return text.replaceAll(
    /`vouch (login|enroll|keys(?! (?:info|pin|reset)\b)|sessions)\b([^`]*)`/g,
    (_, command: string, rest: string) => {
      const words = rest.replace(/ --server \S+/, "").replace(/ --for \S+/, "");
      return `\`vouch ${command}${words} --for ${profile}\``;
    },
  );
}

/** The command that logs in at the server (URL). */
export function loginAt(server: string, settings: Settings): string {
  const [profile] = profileServers(settings).get(server) ?? [];
  return profile === undefined ? "vouch login" : `vouch login --for ${profile}`;
}

/**
 * Whether the agent has a session at the server (URL); without a URL at the default one, or, where the settings name
 * none, at any.
 */
export function hasSession(agent: StatusReply | undefined, settings: Settings, server?: string): boolean {
  if (server === undefined && (settings.server === undefined || agent?.session)) return hasAnySession(agent);
  return (agent?.sessions ?? []).some((each) => each.expiration !== undefined && each.server === server);
}

/** When the session that `hasSession` means ends, in seconds since 1970; undefined without one. */
export function sessionEnd(
  agent: StatusReply | undefined,
  settings: Settings,
  server: string | undefined,
): number | undefined {
  const sessions = (agent?.sessions ?? []).filter(({ expiration }) => expiration !== undefined);
  if (server !== undefined) return sessions.find((each) => each.server === server)?.expiration;
  if (agent?.session) return agent.session.expiration;
  return settings.server === undefined ? sessions[0]?.expiration : undefined;
}

/** Whether the agent has a session at any server. */
export function hasAnySession(agent: StatusReply | undefined): boolean {
  return agent?.session !== undefined || (agent?.sessions ?? []).some(({ expiration }) => expiration !== undefined);
}
