/** The routes that need settings and tokens only: served by the agent, and by a job without one. */
import { type Reply, type Route, routes } from "../protocol.ts";
import {
  cargoRequest,
  environmentRequest,
  matchRequest,
  roleCredentialsRequest,
  tokenRequest,
  tokensRequest,
} from "../requests.ts";
import { route, type RouteEntry } from "../route.ts";
import { lifetimeOf, lookUpEnvironment, lookUpTokens } from "./environment.ts";
import { lookUpCargoToken, lookUpMatches, lookUpRoleCredentials, lookUpToken, type TokenSource } from "./lookup.ts";

export const tokenRoutes = {
  [routes.token]: route(tokenRequest, lookUpToken, ({ expiration }, { purpose }) =>
    // What can publish is for one process.
    purpose === "publish" ? undefined : expiration,
  ),
  [routes.tokens]: route(tokensRequest, lookUpTokens),
  [routes.cargo]: route(cargoRequest, lookUpCargoToken, ({ Ok }) => Ok.expiration),
  [routes.environment]: route(environmentRequest, lookUpEnvironment, (reply, { purpose }) =>
    purpose === "publish" ? undefined : lifetimeOf(reply),
  ),
  [routes.roleCredentials]: route(roleCredentialsRequest, lookUpRoleCredentials),
  [routes.match]: route(matchRequest, lookUpMatches),
} satisfies { readonly [R in Route]?: RouteEntry<TokenSource, Reply<R>> };
