/** Opens a session at a Vouch server, by PIN and touch, here or in a browser. */
import { askAgent, askStatus } from "../../agent/wire/client.ts";
import { type Reply, routes, type StatusReply } from "../../agent/protocol.ts";
import type { LoginBrowserStartRequest, LoginFinishRequest, LoginStartRequest } from "../../agent/requests.ts";
import { isKnownServer, profileServers, serverData } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import { getAssertion } from "../../fido/webauthn/ceremony.ts";
import { codeFromBrowser } from "../browser/code.ts";
import { agentTimeoutMs } from "../key/ceremony.ts";
import { chosenServer } from "./chosen-server.ts";
import { rememberServer } from "./known-server.ts";
import { withSecurityKey } from "../key/security-key.ts";
import { beginThrough, withAgent } from "./with-agent.ts";
import { note, success } from "../terminal/terminal.ts";
import { clockTime, duration } from "../terminal/time.ts";

/**
 * The server that the profile names, else the default one, else the only one that there is. Throws `settings_missing` for
 * an unknown profile.
 */
export function serverForLogin(profile: string | undefined, settings: Settings): string | undefined {
  const [only, ...others] = profileServers(settings).keys();
  return (
    chosenServer(profile, settings).server ??
    settings.server?.url ??
    (others.length === 0 && !profile ? only : undefined)
  );
}

/**
 * Starts the agent if need be, opens the session at the server (URL), and returns the agent's reply. Throws as `withAgent`,
 * `askAgent`, `withSecurityKey` and `getAssertion`.
 */
export function openSession(
  server: string,
  settings: Settings,
  timeoutSeconds: number,
): Promise<Reply<typeof routes.loginFinish>> {
  const login = async () => {
    await sayReplaced(server, settings);
    const startRequest: LoginStartRequest = server === settings.server?.url ? {} : { server };
    const start = await beginThrough(routes.loginStart, startRequest);
    // For non-discoverable credentials, whose ids the key does not store. Only this server's ids, not another one's.
    const { credentialIds = [], user: userName } = serverData(server, settings) ?? {};
    const { credential, path } = await withSecurityKey(timeoutSeconds, async (tools) => ({
      credential: await getAssertion({
        ...tools,
        options: start.options,
        origin: new URL(server).origin,
        credentialIds,
        userName,
        deed: { purpose: "login" },
      }),
      path: tools.device.path,
    }));
    const isWatched = path !== undefined && settings.session?.endOn?.includes("key-removal");
    const request: LoginFinishRequest = {
      ceremony: start.ceremony,
      credential,
      ...(isWatched ? { device: path } : {}),
    };
    const reply = await askAgent(routes.loginFinish, request, { timeoutMs: agentTimeoutMs });
    if (!isKnownServer(server, settings)) rememberServer(server, [credential.id], reply.user);
    return reply;
  };
  return withAgent(login, { replaces: true });
}

/**
 * As `openSession`, by a touch at the server's page: `opens` a browser of this machine, which brings the code, or names the
 * page and asks for the code. Throws as `withAgent`, `askAgent` and `codeFromBrowser`.
 */
export function openSessionInBrowser(
  server: string,
  settings: Settings,
  manner: { timeoutSeconds: number; opens: boolean },
): Promise<Reply<typeof routes.loginBrowserFinish>> {
  const login = async () => {
    await sayReplaced(server, settings);
    const reply = await codeFromBrowser(manner, {
      begin: (redirectUri) =>
        beginThrough(routes.loginBrowserStart, {
          ...(server === settings.server?.url ? {} : { server }),
          ...(redirectUri === undefined ? {} : { redirectUri }),
        } satisfies LoginBrowserStartRequest),
      finish: (ceremony, code) =>
        askAgent(routes.loginBrowserFinish, { ceremony, code }, { timeoutMs: agentTimeoutMs }),
    });
    if (!isKnownServer(server, settings)) rememberServer(server, [], reply.user);
    return reply;
  };
  return withAgent(login, { replaces: true });
}

async function sayReplaced(server: string, settings: Settings): Promise<void> {
  const before = sessionAt(server, await askStatus(), settings);
  if (before?.expiration === undefined) return;
  note(`You are logged in until ${clockTime(before.expiration)}; this login replaces that session.`);
}

/** Says who is logged in, and until when. */
export function sayLoggedIn({ user, expiration }: Reply<typeof routes.loginFinish>): void {
  const left = duration(expiration - Date.now() / 1000);
  success(`Logged in as ${user} until ${clockTime(expiration)} (${left}).`);
}

/** The session that a login at the server replaces. */
function sessionAt(
  server: string,
  agent: StatusReply | undefined,
  settings: Settings,
): { expiration?: number | undefined } | undefined {
  const { session, sessions } = agent ?? {};
  return profileServers(settings).has(server) ? sessions?.find((each) => each.server === server) : session;
}
