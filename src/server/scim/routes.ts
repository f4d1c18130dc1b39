/** The routes of SCIM 2.0: light, so that a server without a client of SCIM loads none of it. */
import type { Handler } from "../context.ts";
import type { Route } from "../route.ts";

function scim(method: Route["method"], path: string, load: () => Promise<Handler>) {
  const handler: Handler = async (request, context) => (await load())(request, context);
  return { method, path: `/scim/v2/${path}`, handler, rateClass: "scim" } as const;
}

const users = async () => await import("./users.ts");
const groups = async () => await import("./groups.ts");
const discovery = async () => await import("./discovery.ts");

export const scimRoutes: readonly Route[] = [
  scim("GET", "ServiceProviderConfig", async () => (await discovery()).getConfiguration),
  scim("GET", "ResourceTypes", async () => (await discovery()).listResourceTypes),
  scim("GET", "ResourceTypes/{id}", async () => (await discovery()).getResourceType),
  scim("GET", "Schemas", async () => (await discovery()).listSchemas),
  scim("GET", "Schemas/{id}", async () => (await discovery()).getSchema),
  scim("GET", "Users", async () => (await users()).listUsers),
  scim("POST", "Users", async () => (await users()).createUser),
  scim("GET", "Users/{id}", async () => (await users()).getUser),
  scim("PUT", "Users/{id}", async () => (await users()).replaceUser),
  scim("PATCH", "Users/{id}", async () => (await users()).patchUser),
  scim("DELETE", "Users/{id}", async () => (await users()).deleteUser),
  scim("GET", "Groups", async () => (await groups()).listGroups),
  scim("POST", "Groups", async () => (await groups()).createGroup),
  scim("GET", "Groups/{id}", async () => (await groups()).getGroup),
  scim("PUT", "Groups/{id}", async () => (await groups()).replaceGroup),
  scim("PATCH", "Groups/{id}", async () => (await groups()).patchGroup),
  scim("DELETE", "Groups/{id}", async () => (await groups()).deleteGroup),
  { ...scim("POST", "Bulk", async () => (await discovery()).notImplemented), refusesAll: true },
  { ...scim("GET", "Me", async () => (await discovery()).notImplemented), refusesAll: true },
  { ...scim("POST", "Users/.search", async () => (await discovery()).notImplemented), refusesAll: true },
  { ...scim("POST", "Groups/.search", async () => (await discovery()).notImplemented), refusesAll: true },
  { ...scim("POST", ".search", async () => (await discovery()).notImplemented), refusesAll: true },
];
