/** The route tables: the whole HTTP API, which docs/openapi.yaml documents, and the pages. */
import type { Handler } from "./context.ts";
import { changeOptions, makeChange } from "./administration/api/changes.ts";
import {
  listAudit,
  listGroups,
  listInvites,
  listMembers,
  listPeople,
  listProfiles,
  listScimTokens,
  listSigningKeys,
  showActivity,
  showAnnounced,
  showPerson,
} from "./administration/api/reading.ts";
import { enroll, enrollOptions } from "./keys/enrollment.ts";
import { health, readiness } from "./health.ts";
import {
  addKeyFinish,
  addKeyOptions,
  listKeys,
  outdatedChange,
  removeKey,
  removeKeyOptions,
  renameKey,
  renameKeyOptions,
} from "./keys/keys.ts";
import { loginOptions } from "./oauth/login.ts";
import { showProfile } from "./announced/profile.ts";
import { enrollWays } from "./sso/ways.ts";
import { HttpError } from "./http/failure.ts";
import { publish, publishOptions } from "./oauth/publishing.ts";
import { authorizationRoutes, noPage, pageRoutes } from "./pages/routes.ts";
import type { Refusal, Route } from "./route.ts";
import { scimRoutes } from "./scim/routes.ts";
import { jwksCacheSeconds } from "./signing/life-cycle.ts";
import { endSessions, listSessions } from "./oauth/sessions.ts";
import { revoke, token } from "./oauth/token.ts";

/** Cache lifetime of the public documents; a new signing key is published for longer before it signs. */
const publicDocument = { "cache-control": `public, max-age=${jwksCacheSeconds}` };

const metadata: Handler = async (_request, { issuer }) => ({
  response: Response.json(issuer.discoveryDocument(), { headers: publicDocument }),
});

export const routes: readonly Route[] = [
  { path: "/.well-known/openid-configuration", method: "GET", handler: metadata },
  // The same document for OAuth clients (RFC 8414, 3).
  { path: "/.well-known/oauth-authorization-server", method: "GET", handler: metadata },
  {
    path: "/.well-known/jwks.json",
    method: "GET",
    handler: async (_request, { issuer }) => ({ response: Response.json(issuer.jwks(), { headers: publicDocument }) }),
  },
  { path: "/healthz", method: "GET", handler: health },
  { path: "/readyz", method: "GET", handler: readiness },
  { path: "/v1/enroll/options", method: "POST", handler: enrollOptions, rateClass: "enroll" },
  { path: "/v1/enroll", method: "POST", handler: enroll, rateClass: "enroll" },
  { path: "/v1/enroll/ways", method: "GET", handler: enrollWays, rateClass: "token" },
  { path: "/v1/login/options", method: "POST", handler: loginOptions, rateClass: "login" },
  { path: "/v1/credentials", method: "GET", handler: listKeys, rateClass: "token" },
  { path: "/v1/credentials/addition/options", method: "POST", handler: addKeyOptions, rateClass: "enroll" },
  { path: "/v1/credentials/addition", method: "POST", handler: addKeyFinish, rateClass: "enroll" },
  { path: "/v1/credentials/renaming/options", method: "POST", handler: renameKeyOptions, rateClass: "token" },
  { path: "/v1/credentials/renaming", method: "POST", handler: renameKey, rateClass: "token" },
  { path: "/v1/credentials/removal/options", method: "POST", handler: removeKeyOptions, rateClass: "token" },
  { path: "/v1/credentials/removal", method: "POST", handler: removeKey, rateClass: "token" },
  {
    path: "/v1/credentials/add/options",
    method: "POST",
    handler: outdatedChange,
    rateClass: "token",
    refusesAll: true,
  },
  { path: "/v1/credentials/rename", method: "POST", handler: outdatedChange, rateClass: "token", refusesAll: true },
  {
    path: "/v1/credentials/remove/options",
    method: "POST",
    handler: outdatedChange,
    rateClass: "token",
    refusesAll: true,
  },
  { path: "/v1/publish/options", method: "POST", handler: publishOptions, rateClass: "token" },
  { path: "/v1/publish", method: "POST", handler: publish, rateClass: "token" },
  { path: "/v1/sessions", method: "GET", handler: listSessions, rateClass: "token" },
  { path: "/v1/sessions/end", method: "POST", handler: endSessions, rateClass: "token" },
  { path: "/v1/profile", method: "GET", handler: showProfile, rateClass: "token" },
  { path: "/v1/admin/people", method: "GET", handler: listPeople, rateClass: "token" },
  { path: "/v1/admin/person", method: "GET", handler: showPerson, rateClass: "token" },
  { path: "/v1/admin/groups", method: "GET", handler: listGroups, rateClass: "token" },
  { path: "/v1/admin/members", method: "GET", handler: listMembers, rateClass: "token" },
  { path: "/v1/admin/invites", method: "GET", handler: listInvites, rateClass: "token" },
  { path: "/v1/admin/audit", method: "GET", handler: listAudit, rateClass: "token" },
  { path: "/v1/admin/signing-keys", method: "GET", handler: listSigningKeys, rateClass: "token" },
  { path: "/v1/admin/profiles", method: "GET", handler: listProfiles, rateClass: "token" },
  { path: "/v1/admin/announced", method: "GET", handler: showAnnounced, rateClass: "token" },
  { path: "/v1/admin/scim-tokens", method: "GET", handler: listScimTokens, rateClass: "token" },
  { path: "/v1/admin/activity", method: "GET", handler: showActivity, rateClass: "token" },
  { path: "/v1/admin/changes/options", method: "POST", handler: changeOptions, rateClass: "token" },
  { path: "/v1/admin/changes", method: "POST", handler: makeChange, rateClass: "token" },
  ...scimRoutes,
  ...authorizationRoutes,
  { path: "/oauth/token", method: "POST", handler: token, rateClass: "token" },
  { path: "/oauth/revoke", method: "POST", handler: revoke, rateClass: "token" },
];

/** Routes of the API and of the pages. */
export const allRoutes: readonly Route[] = [...routes, ...pageRoutes];

/** The route of a request, of the pages only if they are on; HEAD has that of GET. Throws HttpError 404, 405 (with `allow`). */
export function findRoute(pathname: string, method: string, hasPages: boolean): Route {
  const slash = pathname.lastIndexOf("/");
  const pattern = slash === pathname.length - 1 ? pathname : `${pathname.slice(0, slash)}/{id}`;
  const known = hasPages ? allRoutes : routes;
  const exact = known.filter(({ path }) => path === pathname);
  const found = exact.length > 0 ? exact : known.filter(({ path }) => path === pattern);
  if (found.length === 0)
    throw new HttpError(404, "There is nothing here. The HTTP API is documented in docs/openapi.yaml.");
  // HEAD runs the GET handler; Bun omits the body.
  const route = found.find((each) => each.method === (method === "HEAD" ? "GET" : method));
  if (!route) {
    const allow = found.map((each) => (each.method === "GET" ? "GET, HEAD" : each.method)).join(", ");
    throw new HttpError(405, `Expected ${allow}, got ${method}.`, { allow });
  }
  return route;
}

/** What answers a person who opens a path with no page in a browser; undefined for a client of the API. */
export function refusalOfNone({ method, headers }: Request, pathname: string, hasPages: boolean): Refusal | undefined {
  const isPerson = method === "GET" && headers.get("accept")?.includes("text/html") === true;
  return hasPages && isPerson && !/^\/(?:v1|oauth|scim|\.well-known)\//.test(pathname) ? noPage : undefined;
}
