/** The sessions in the agent's status: that of the default server, and those of profiles. */
import { profileServers } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import type { StatusReply } from "../protocol.ts";
import type { Sessions } from "./sessions.ts";

/** One entry for each server that the settings name or that has a session, the default one first. */
export function describeSessions(sessions: Sessions, settings: Settings): NonNullable<StatusReply["sessions"]> {
  const named = profileServers(settings);
  const first = sessions.at(undefined, settings)?.server ?? settings.server?.url;
  const servers = new Set([...(first === undefined ? [] : [first]), ...named.keys()]);
  for (const { server } of sessions.all) servers.add(server);
  return Array.from(servers, (server) => {
    const session = sessions.at(server, settings)?.session;
    const ended = session === undefined ? sessions.endReason(server, settings) : undefined;
    return {
      server,
      profiles: named.get(server) ?? [],
      ...(session === undefined ? {} : { user: session.user, expiration: session.expiration }),
      ...(ended === undefined ? {} : { ended }),
    };
  });
}
