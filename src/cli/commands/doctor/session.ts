/** Case "token expired": is there an agent, a session, and are the tokens valid? */
import { settingsPath } from "../../../settings/settings.ts";
import { endedWords } from "../end-on.ts";
import { profileServers } from "../../../settings/servers.ts";
import { otherVersion } from "../agent-version.ts";
import { otherSettings } from "../setup/agent-settings.ts";
import { clockTime, duration } from "../../terminal/time.ts";
import { nextSteps } from "./next-steps.ts";
import { failure, type Finding, ok, type Machine, warning } from "../../../tools/checks/finding.ts";

/** Warn if the session ends within this many seconds: it may end during a build. */
const soon = 15 * 60;

/** Returns findings on the agent, the session and its cached tokens. Needs no network. */
export function checkSession(machine: Machine): Finding[] {
  const other = otherSettings(machine.agent, settingsPath(machine.env));
  const found = [...checkState(machine), ...checkProfileSessions(machine)];
  if (other) found.push(warning("settings", other.found, other.remedy));
  const version = machine.agent && otherVersion(machine.agent);
  if (version) found.push(warning("agent-version", version.found, version.remedy));
  return found;
}

/** A finding for the session at the server of each profile that has one of its own. */
function checkProfileSessions({ agent, now }: Machine): Finding[] {
  return (agent?.sessions ?? []).flatMap(({ server, profiles: [profile], user, expiration }) => {
    if (profile === undefined) return [];
    if (user === undefined || expiration === undefined) {
      return [
        warning("session", `There is no session at ${server} (profile ${profile}).`, `vouch login --for ${profile}`),
      ];
    }
    const said = `The session of ${user} at ${server} lasts until ${clockTime(expiration, now)}.`;
    return [expiration - now < soon ? warning("session", said, `vouch login --for ${profile}`) : ok("session", said)];
  });
}

function checkState({ agent, settings, now }: Machine): Finding[] {
  // A session from elsewhere (a forwarded socket, another settings file) needs no server in these settings.
  // Where only profiles name servers, their sessions are the ones that count.
  if (!settings.server && !agent?.session && profileServers(settings).size > 0) return [];
  if (!settings.server && !agent?.session) {
    return [failure("enrolled", "No security key is enrolled from this machine.", "vouch enroll --server URL")];
  }
  // A session is one of the steps of the set-up.
  const login = nextSteps({ settings, agent })[0]?.command ?? "vouch login";
  if (!agent) return [failure("session", "No agent is running, so there is no session.", login)];
  if (!agent.session) {
    const reason = agent.ended ? endedWords[agent.ended] : "the agent is running without a session";
    return [failure("session", `${reason[0]!.toUpperCase()}${reason.slice(1)}.`, login)];
  }
  const { user, expiration } = agent.session;
  const left = expiration - now;
  const said = `The session of ${user} lasts until ${clockTime(expiration, now)} (${duration(left)}).`;
  return [
    left < soon ? warning("session", said, "vouch login, before a long build") : ok("session", said),
    ...agent.repositories.map((repository) => {
      const name = `${repository.domain}/${repository.repository}`;
      if (repository.tokenExpiration === undefined) return ok("token", `No token for ${name} has been needed yet.`);
      return repository.tokenExpiration > now
        ? ok("token", `The token for ${name} lasts until ${clockTime(repository.tokenExpiration, now)}.`)
        : warning(
            "token",
            `The token for ${name} ended at ${clockTime(repository.tokenExpiration, now)} and has not been renewed.`,
            "vouch credential codeartifact >/dev/null (asks for a new one, and says why there is none)",
          );
    }),
  ];
}
