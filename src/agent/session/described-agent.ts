/** The agent as `vouch status` shows it: sessions, role, repositories, and the process. */
import type { Environment } from "../../base/environment.ts";
import { buildInfo } from "../../base/build-info.ts";
import type { VouchError } from "../../base/errors.ts";
import { serverOf } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import { logState } from "../process/log.ts";
import { networkVariables } from "../process/network-variables.ts";
import type { StatusReply } from "../protocol.ts";
import type { WatchState } from "../end-on/end-watch.ts";
import { describeRepository } from "../tokens/described-repository.ts";
import { describeSessions } from "./described-sessions.ts";
import type { Sessions } from "./sessions.ts";

const noSettings: Settings = { version: 1, repositories: [] };

export interface AgentState {
  sessions: Sessions;
  /** The settings that it reads, or why it cannot. */
  read: { settings?: Settings; failure?: VouchError };
  settingsPath: string;
  env: Environment;
  /** Seconds since 1970. */
  startedAt: number;
  askedToday: number;
  endOn: WatchState[];
}

/** No secret is in it. */
export function describeAgent({
  sessions,
  read,
  settingsPath,
  env,
  startedAt,
  askedToday,
  endOn,
}: AgentState): StatusReply {
  const { settings = noSettings, failure } = read;
  const current = sessions.at(undefined, settings);
  const ended = sessions.endReason(undefined, settings);
  const roleExpiration = current?.tokens.roleExpiration(settings);
  const logged = logState();
  return {
    version: buildInfo.version,
    ...(buildInfo.build === undefined ? {} : { build: buildInfo.build }),
    pid: process.pid,
    startedAt,
    settings: settingsPath,
    ...(failure ? { settingsFailure: failure.toWire() } : {}),
    network: networkVariables(env),
    ...(logged ? { log: logged } : {}),
    ...(settings.server ? { server: settings.server.url } : {}),
    ...(current ? { session: { user: current.session.user, expiration: current.session.expiration } } : {}),
    ...(current || ended === undefined ? {} : { ended }),
    askedToday,
    ...(endOn.length === 0 ? {} : { endOn }),
    sessions: describeSessions(sessions, settings),
    ...(settings.aws && roleExpiration !== undefined
      ? { role: { arn: settings.aws.roleArn, expiration: roleExpiration } }
      : {}),
    repositories: settings.repositories.map((repository) =>
      describeRepository(repository, settings, sessions.at(serverOf(repository.profile, settings), settings)?.tokens),
    ),
  };
}
