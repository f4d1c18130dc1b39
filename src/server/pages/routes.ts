/** The pages for people: light, so that a server whose pages nobody opens loads none of them. */
import { changeTypes } from "../administration/change.ts";
import type { Handler } from "../context.ts";
import type { RateClass } from "../http/rate-limit.ts";
import type { Refusal, Route } from "../route.ts";
import { changePath } from "./admin/paths.ts";

const refusal: Refusal = async (...parameters) => (await import("./refusal.tsx")).refusal(...parameters);

/** Answers who opens a path in a browser that leads to nothing. */
export const noPage: Refusal = async (failure, request, context) => {
  const response = Response.json(
    { error: { message: "No page has this address." } },
    { status: failure.response.status },
  );
  return await refusal({ ...failure, response }, request, context);
};

const refusalOfScript: Refusal = async (...parameters) => (await import("./hints.ts")).scriptRefusal(...parameters);

/** A page, or what a form of one leads to: a failure is a page, too. */
function page(method: Route["method"], path: string, load: () => Promise<Handler>, rateClass: RateClass = "token") {
  return { method, path, rateClass, refusal, handler: lazily(load) } as const;
}

/** What the script of the pages asks for: JSON, as failures are. */
function forScript(path: string, load: () => Promise<Handler>, rateClass: RateClass = "token") {
  return { method: "POST", path, rateClass, refusal: refusalOfScript, handler: lazily(load) } as const;
}

function lazily(load: () => Promise<Handler>): Handler {
  return async (request, context) => (await load())(request, context);
}

const asset = async () => (await import("./assets/assets.ts")).asset;

/** OpenID Connect Discovery demands the endpoint (3); with the login in the browser off, it refuses everybody. */
export const authorizationRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/oauth/par",
    rateClass: "login",
    handler: lazily(async () => (await import("../oauth/code/push.ts")).pushRequest),
  },
  {
    method: "GET",
    path: "/oauth/authorize",
    rateClass: "login",
    handler: lazily(async () => (await import("./code/page.tsx")).authorize),
    refusal: async (failure, request, context) =>
      context.browserLogin === undefined ? failure.response : await refusal(failure, request, context),
  },
];

export const pageRoutes: readonly Route[] = [
  { method: "GET", path: "/assets/pages.css", handler: lazily(asset) },
  { method: "GET", path: "/assets/pages.js", handler: lazily(asset) },
  { method: "GET", path: "/assets/pages.svg", handler: lazily(asset) },
  page("GET", "/sign-in", async () => (await import("./sign-in/page.tsx")).signInPage),
  forScript("/sign-in/options", async () => (await import("./sign-in/grant.ts")).signInOptions, "login"),
  page("POST", "/sign-in", async () => (await import("./sign-in/grant.ts")).signIn, "login"),
  forScript("/sign-in/code/options", async () => (await import("../oauth/code/grant.ts")).codeOptions, "login"),
  page("POST", "/sign-in/code", async () => (await import("../oauth/code/grant.ts")).grantCode, "login"),
  page("POST", "/sign-in/code/cancel", async () => (await import("../oauth/code/grant.ts")).cancelCode, "login"),
  page("POST", "/sign-out", async () => (await import("./sign-in/grant.ts")).signOut),
  forScript("/touch", async () => (await import("./touch.ts")).beginTouch),
  page("GET", "/enroll", async () => (await import("./enroll/page.tsx")).enrollPage),
  page("GET", "/sso/begin", async () => (await import("../sso/sign-on.ts")).beginSignOn, "login"),
  page("GET", "/sso/callback", async () => (await import("../sso/sign-on.ts")).finishSignOn, "login"),
  page("GET", "/", async () => (await import("./mine/my-page.tsx")).myPage),
  page("GET", "/activity", async () => (await import("./mine/activity.tsx")).activity),
  page("POST", "/sessions/end", async () => (await import("./mine/sessions.ts")).endSession),
  page("POST", "/keys/rename", async () => (await import("./mine/keys.ts")).renameKey),
  page("POST", "/keys/remove", async () => (await import("./mine/keys.ts")).removeKey),
  forScript("/keys/add/options", async () => (await import("./mine/add-key.ts")).addKeyOptions),
  forScript("/keys/add/approval", async () => (await import("./mine/add-key.ts")).addKeyApproval),
  page("GET", "/admin", async () => (await import("./admin/overview.tsx")).overview),
  page("GET", "/admin/people", async () => (await import("./admin/people.tsx")).peoplePage),
  page("GET", "/admin/person", async () => (await import("./admin/person/page.tsx")).personPage),
  page("GET", "/admin/groups", async () => (await import("./admin/groups.tsx")).groupsPage),
  page("GET", "/admin/group", async () => (await import("./admin/group.tsx")).groupPage),
  page("GET", "/admin/profiles", async () => (await import("./admin/profiles/list.tsx")).profilesPage),
  page("GET", "/admin/profile", async () => (await import("./admin/profiles/page.tsx")).profilePage),
  page("GET", "/admin/invites", async () => (await import("./admin/invites.tsx")).invitesPage),
  page("GET", "/admin/audit", async () => (await import("./admin/audit/page.tsx")).auditPage),
  page("GET", "/admin/audit/export", async () => (await import("./admin/audit/export.ts")).exportAudit),
  page("GET", "/admin/scim", async () => (await import("./admin/scim.tsx")).scimPage),
  page("GET", "/admin/keys", async () => (await import("./admin/keys.tsx")).keysPage),
  ...changeTypes.map((type) =>
    page("POST", changePath(type), async () => (await import("./admin/changes.tsx")).makeChange(type)),
  ),
  page("POST", "/keys/add", async () => (await import("./mine/add-key.ts")).addKeyFinish),
];
