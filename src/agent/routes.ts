/** The agent's table of routes. */
import type { Agent } from "./agent.ts";
import { type Reply, type Route, routes } from "./protocol.ts";
import {
  emptyRequest,
  enrollFinishRequest,
  enrollStartRequest,
  keyAddFinishRequest,
  keyAddStartRequest,
  keyRemoveFinishRequest,
  keyRemoveStartRequest,
  keyRenameRequest,
  loginFinishRequest,
  loginStartRequest,
  repositoryEndpointRequest,
  sessionsEndRequest,
} from "./requests.ts";
import { route, type RouteEntry } from "./route.ts";
import { tokenRoutes } from "./tokens/routes.ts";

type AgentRoutes = { readonly [R in Route]: RouteEntry<Agent, Reply<R>> };

export const agentRoutes: AgentRoutes = {
  ...tokenRoutes,
  [routes.status]: route(emptyRequest, (agent) => agent.status()),
  [routes.repositoryEndpoint]: route(repositoryEndpointRequest, async (agent, request) => {
    const settings = agent.settings();
    return { endpoint: await agent.tokens().repositoryEndpoint(request, settings) };
  }),
  [routes.enrollStart]: route(enrollStartRequest, ({ ceremonies }, request) => ceremonies.startEnrollment(request)),
  [routes.enrollFinish]: route(enrollFinishRequest, ({ ceremonies }, request) => ceremonies.finishEnrollment(request)),
  [routes.loginStart]: route(loginStartRequest, (agent, request) => agent.startLogin(request)),
  [routes.loginFinish]: route(loginFinishRequest, (agent, request) => agent.finishLogin(request)),
  [routes.logout]: route(emptyRequest, (agent) => agent.logout()),
  [routes.keys]: route(emptyRequest, async (agent) => ({ keys: await agent.session().keys() })),
  [routes.keyAddStart]: route(keyAddStartRequest, (agent, request) =>
    agent.ceremonies.startAddition(agent.session(), request),
  ),
  [routes.keyAddFinish]: route(keyAddFinishRequest, (agent, request) => {
    // A session's end replaces the process, and the new one knows no ceremony: report the missing session instead.
    agent.session();
    return agent.ceremonies.finishAddition(request);
  }),
  [routes.keyRename]: route(keyRenameRequest, (agent, { id, name }) => agent.session().renameKey(id, name)),
  [routes.keyRemoveStart]: route(keyRemoveStartRequest, (agent, request) =>
    agent.ceremonies.startRemoval(agent.session(), request),
  ),
  [routes.keyRemoveFinish]: route(keyRemoveFinishRequest, async (agent, request) => {
    agent.session();
    const removed = await agent.ceremonies.finishRemoval(request);
    // The server has ended the sessions of the removed key. If the agent's own is one of them, it ends here as well.
    agent.forgetWhatEnded();
    return removed;
  }),
  [routes.sessions]: route(emptyRequest, async (agent) => ({ sessions: await agent.session().sessions() })),
  [routes.sessionsEnd]: route(sessionsEndRequest, async (agent, request) => {
    const session = agent.session();
    const ended = await session.endSessions(request);
    if (ended.thisSession) session.end("logged_out");
    agent.forgetWhatEnded();
    return ended;
  }),
  [routes.restart]: route(emptyRequest, (agent) => {
    agent.restart();
    return {};
  }),
  [routes.stop]: route(emptyRequest, (agent) => {
    agent.stop();
    return {};
  }),
};
