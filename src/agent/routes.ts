/** The agent's table of routes. */
import { listDomains, listRepositories } from "../aws/codeartifact-names.ts";
import { timeLeftInOneWord } from "../base/words/duration.ts";
import type { Agent } from "./agent.ts";
import { type Reply, type Route, routes } from "./protocol.ts";
import {
  domainsRequest,
  emptyRequest,
  enrollFinishRequest,
  enrollStartRequest,
  enrollWaysRequest,
  fingerprintsRequest,
  guestCloseRequest,
  guestOpenRequest,
  keyAddFinishRequest,
  keyAddStartRequest,
  keyChangeFinishRequest,
  keyRemoveStartRequest,
  keyRenameStartRequest,
  keysRequest,
  loginBrowserFinishRequest,
  loginBrowserStartRequest,
  loginFinishRequest,
  loginStartRequest,
  logoutRequest,
  publishCancelRequest,
  publishFinishRequest,
  publishStartRequest,
  recordRequest,
  repositoriesRequest,
  repositoryEndpointRequest,
  sessionsEndRequest,
  sessionsRequest,
} from "./requests.ts";
import { route, type RouteEntry } from "./route.ts";
import { listNames } from "./tokens/names.ts";
import { placeOf } from "./tokens/place.ts";
import { tokenRoutes } from "./tokens/routes.ts";

type AgentRoutes = { readonly [R in Route]: RouteEntry<Agent, Reply<R>> };

export const agentRoutes: AgentRoutes = {
  ...tokenRoutes,
  [routes.status]: route(emptyRequest, (agent) => agent.status()),
  [routes.timeLeft]: route(emptyRequest, (agent) => ({ text: timeLeftInOneWord(agent.session().secondsLeft()) })),
  [routes.repositoryEndpoint]: route(repositoryEndpointRequest, async (agent, request) => {
    const settings = agent.settings();
    const tokens = agent.tokens(placeOf(request, settings));
    return { endpoint: await tokens.repositoryEndpoint(request, settings) };
  }),
  [routes.domains]: route(domainsRequest, async (agent, { region }) => {
    const { items, ...rest } = await listNames(agent.tokens({}), region, agent.settings(), listDomains);
    return { domains: items, ...rest };
  }),
  [routes.repositories]: route(repositoriesRequest, async (agent, { region, ...domain }) => {
    const { items, ...rest } = await listNames(agent.tokens({}), region, agent.settings(), (call) =>
      listRepositories({ ...call, ...domain }),
    );
    return { repositories: items, ...rest };
  }),
  [routes.enrollWays]: route(enrollWaysRequest, ({ ceremonies }, { server }) => ceremonies.enrollmentWays(server)),
  [routes.enrollStart]: route(enrollStartRequest, ({ ceremonies }, request) => ceremonies.startEnrollment(request)),
  [routes.enrollFinish]: route(enrollFinishRequest, ({ ceremonies }, request) => ceremonies.finishEnrollment(request)),
  [routes.loginStart]: route(loginStartRequest, ({ logins }, request) => logins.start(request)),
  [routes.loginFinish]: route(loginFinishRequest, ({ logins }, request) => logins.finish(request)),
  [routes.loginBrowserStart]: route(loginBrowserStartRequest, ({ logins }, request) => logins.startInBrowser(request)),
  [routes.loginBrowserFinish]: route(loginBrowserFinishRequest, ({ logins }, request) =>
    logins.finishInBrowser(request),
  ),
  [routes.logout]: route(logoutRequest, (agent, request) => agent.logout(request)),
  [routes.keys]: route(keysRequest, async (agent, { server }) => ({ keys: await agent.session(server).keys() })),
  [routes.keyAddStart]: route(keyAddStartRequest, (agent, { server, ...request }) =>
    agent.ceremonies.startAddition(agent.session(server), request),
  ),
  [routes.keyAddFinish]: route(keyAddFinishRequest, (agent, { server, ...request }) => {
    // The last session's end replaces the process, and the new one knows no ceremony: report the missing session instead.
    agent.session(server);
    return agent.ceremonies.finishAddition(request);
  }),
  [routes.keyRenameStart]: route(keyRenameStartRequest, (agent, { server, ...request }) =>
    agent.ceremonies.startRenaming(agent.session(server), request),
  ),
  [routes.keyRenameFinish]: route(keyChangeFinishRequest, (agent, { server, ...request }) => {
    agent.session(server);
    return agent.ceremonies.finishRenaming(request);
  }),
  [routes.keyRemoveStart]: route(keyRemoveStartRequest, (agent, { server, ...request }) =>
    agent.ceremonies.startRemoval(agent.session(server), request),
  ),
  [routes.keyRemoveFinish]: route(keyChangeFinishRequest, async (agent, { server, ...request }) => {
    agent.session(server);
    const removed = await agent.ceremonies.finishRemoval(request);
    // The server has ended the sessions of the removed key. If the agent's own is one of them, it ends here as well.
    agent.forgetWhatEnded();
    return removed;
  }),
  [routes.announced]: route(emptyRequest, (agent) => agent.session().announced()),
  [routes.sessions]: route(sessionsRequest, async (agent, { server }) => ({
    sessions: await agent.session(server).sessions(),
  })),
  [routes.sessionsEnd]: route(sessionsEndRequest, async (agent, { server, ...request }) => {
    const session = agent.session(server);
    const ended = await session.endSessions(request);
    if (ended.thisSession) session.end("logged_out");
    agent.forgetWhatEnded();
    return ended;
  }),
  [routes.publishStart]: route(publishStartRequest, (agent, request, peer) => agent.startPublishing(request, peer)),
  [routes.publishFinish]: route(publishFinishRequest, (agent, request) => agent.publishing.finish(request)),
  [routes.publishCancel]: route(publishCancelRequest, (agent, { ceremony }) => {
    agent.publishing.cancel(ceremony);
    return {};
  }),
  [routes.record]: route(recordRequest, ({ record }, { since }) => ({
    ...record.since(since),
    ...(record.keeper === undefined ? {} : { kept: record.keeper.state }),
  })),
  [routes.guests]: route(emptyRequest, (agent) => agent.syncGuests()),
  [routes.guestOpen]: route(guestOpenRequest, (agent, request, peer) => {
    agent.guests.open(request, peer);
    return { folder: agent.guests.described.guests.find(({ name }) => name === request.name)!.folder };
  }),
  [routes.guestClose]: route(guestCloseRequest, ({ guests }, { name }) => ({ closed: guests.close(name) })),
  [routes.fingerprints]: route(fingerprintsRequest, ({ given }, { fingerprints }) => given.among(fingerprints)),
  [routes.restart]: route(emptyRequest, (agent) => {
    agent.restart();
    return {};
  }),
  [routes.stop]: route(emptyRequest, (agent) => {
    agent.stop();
    return {};
  }),
};
