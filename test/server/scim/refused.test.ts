/** What SCIM refuses: strangers, removed tokens, and requests that are not as RFC 7644 has them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { removeScimToken } from "../../../src/server/administration/scim-access.ts";
import { scimRoutes } from "../../../src/server/scim/routes.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { enterprise } from "./transcripts.ts";
import { groupSchema, patchSchema, scimClient, type ScimTestClient, userSchema } from "./scim-client.ts";

let server: TestServer;
let client: ScimTestClient;
let userId: string;
let groupId: string;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6 } });
  client = await scimClient(server);
  userId = (await client.user("one@example.com", { displayName: "One", externalId: "1" })).id;
  groupId = (await client.group("one", [userId])).id;
});
afterAll(() => server.stop());

describe("every route wants a token that is good", () => {
  test.each(scimRoutes.map(({ method, path }) => [method, path.replace("{id}", "x")]))(
    "%s %s",
    async (method, path) => {
      const { accessToken } = await server.session();
      for (const authorization of [undefined, "Bearer x", `Basic ${btoa("a:b")}`, "Bearer ", `Bearer ${accessToken}`]) {
        const answer = await server.send(path, { method, ...(authorization && { headers: { authorization } }) });
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
        expect(answer.body).toMatchObject({ schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "401" });
      }
    },
  );
});

test("a token that was removed is refused, also within a request that had begun", async () => {
  const other = await scimClient(server, "other");
  const late = Promise.withResolvers<void>();
  const body = new ReadableStream({
    async start(controller) {
      await late.promise;
      controller.enqueue(
        new TextEncoder().encode(JSON.stringify({ schemas: [userSchema], userName: "late@example.com" })),
      );
      controller.close();
    },
  });
  const used = async () => (await server.store.scimTokens.list()).find(({ name }) => name === "other")?.lastUsedAt;
  expect(await used()).toBeUndefined();
  const answer = fetch(`${server.base}/scim/v2/Users`, {
    method: "POST",
    headers: { authorization: `Bearer ${other.token}`, "content-type": "application/scim+json" },
    body,
  });
  while ((await used()) === undefined) await new Promise((done) => setImmediate(done));
  await server.store.transaction((tables) => removeScimToken(tables, "operator", { name: "other" }));
  late.resolve();
  expect((await answer).status).toBe(401);
  expect(await server.store.accounts.findUser("late@example.com")).toBeUndefined();
  expect((await other.send("GET", "/Users")).status).toBe(401);
});

const user = { schemas: [userSchema], userName: "new@example.com" };
const group = { schemas: [groupSchema], displayName: "new" };

describe("what is not as expected is refused, with the status and the scimType", () => {
  test.each<[string, string, string, unknown, number, string | undefined]>([
    ["a User without schemas", "POST", "/Users", { userName: "new@example.com" }, 400, "invalidValue"],
    ["a User of another schema", "POST", "/Users", { ...user, schemas: [groupSchema] }, 400, "invalidValue"],
    ["a User without userName", "POST", "/Users", { schemas: [userSchema] }, 400, "invalidValue"],
    ["a userName that is no address", "POST", "/Users", { ...user, userName: "bjensen" }, 400, "invalidValue"],
    ["a userName of another type", "POST", "/Users", { ...user, userName: { a: 1 } }, 400, "invalidValue"],
    ["a userName with a line end", "POST", "/Users", { ...user, userName: "a\n@example.com" }, 400, "invalidValue"],
    ["a long name", "POST", "/Users", { ...user, displayName: "x".repeat(257) }, 400, "invalidValue"],
    ["a name that shows nothing", "POST", "/Users", { ...user, displayName: "\u3164" }, 400, "invalidValue"],
    [
      "a name that paints over the page",
      "POST",
      "/Users",
      { ...user, name: { givenName: `a${"\u0338".repeat(255)}` } },
      400,
      "invalidValue",
    ],
    ["an escape sequence", "POST", "/Users", { ...user, displayName: "\u001B[2J" }, 400, "invalidValue"],
    [
      "what turns the reading direction",
      "POST",
      "/Users",
      { ...user, displayName: "\u202Egnp.exe" },
      400,
      "invalidValue",
    ],
    ["a line separator", "POST", "/Users", { ...user, name: { givenName: "a\u2028b" } }, 400, "invalidValue"],
    ["a name that is none", "POST", "/Users", { ...user, name: "Ann" }, 400, "invalidValue"],
    ["a name that is an array", "POST", "/Users", { ...user, name: [null] }, 400, "invalidValue"],
    ["active that is none", "POST", "/Users", { ...user, active: "yes" }, 400, "invalidValue"],
    ["an array", "POST", "/Users", [user], 400, "invalidSyntax"],
    ["a text", "POST", "/Users", "x", 400, "invalidSyntax"],
    ["a group's name that cannot be one", "POST", "/Groups", { ...group, displayName: "a,b" }, 400, "invalidValue"],
    ["a group's name that is long", "POST", "/Groups", { ...group, displayName: "a".repeat(65) }, 400, "invalidValue"],
    [
      "a group within a group",
      "POST",
      "/Groups",
      { ...group, members: [{ value: "x", type: "Group" }] },
      400,
      "invalidValue",
    ],
    ["a member that is nobody", "POST", "/Groups", { ...group, members: [{ value: "x" }] }, 400, "invalidValue"],
    ["a member that is no object", "POST", "/Groups", { ...group, members: ["x"] }, 400, "invalidValue"],
    ["a User that is not there", "PUT", "/Users/nobody", user, 404, undefined],
    ["a Group that is not there", "PUT", "/Groups/nothing", group, 404, undefined],
    ["a group's id as a User's", "GET", "/Users/{group}", undefined, 404, undefined],
    ["a User's id as a group's", "GET", "/Groups/{user}", undefined, 404, undefined],
    ["a schema that is not there", "GET", "/Schemas/urn%3Aother", undefined, 404, undefined],
    ["a resource type that is not there", "GET", "/ResourceTypes/%E0", undefined, 404, undefined],
    ["a filter of schemas", "GET", "/Schemas?filter=id%20eq%20%22a%22", undefined, 403, undefined],
    ["bulk operations", "POST", "/Bulk", {}, 501, undefined],
    ["/Me", "GET", "/Me", undefined, 501, undefined],
    ["a search by POST", "POST", "/.search", {}, 501, undefined],
    ["a search of Users by POST", "POST", "/Users/.search", {}, 501, undefined],
    ["a search of Groups by POST", "POST", "/Groups/.search", {}, 501, undefined],
    ["a path that is not there", "GET", "/Devices", undefined, 404, undefined],
    ["a path below one", "GET", "/Users/a/b", undefined, 404, undefined],
    ["another method", "DELETE", "/Users", undefined, 405, undefined],
  ])("%s", async (_, method, path, body, status, scimType) => {
    const at = path.replace("{group}", groupId).replace("{user}", userId);
    const answer = await client.send(method, at, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: `${status}`,
      ...(scimType && { scimType }),
      detail: expect.any(String),
    });
    expect(answer.headers.get("content-type")).toBe("application/scim+json");
  });

  test("a userName that is not there is missing", async () => {
    const answer = await client.send("POST", "/Users", { schemas: [userSchema] });
    expect(answer.body.detail).toContain("username is missing");
  });

  test.each<[object, string]>([
    [{ userName: "bjensen" }, "username expected an e-mail address"],
    [{ userName: 1 }, "username expected an e-mail address"],
    [{ active: "yes" }, "active expected true or false"],
    [{ active: 1 }, "active expected true or false"],
  ])("%j is refused in plain words", async (more, words) => {
    const answer = await client.send("POST", "/Users", { ...user, ...more });
    expect(answer.body.detail).toBe(`The request is not as expected: ${words}.`);
  });

  test("a name may have joiners, as some scripts and pictures need them", async () => {
    const displayName = "\u0645\u06cc\u200c\u062e";
    expect(await client.user("joiner@example.com", { displayName })).toMatchObject({ displayName });
  });

  test.each<[string, "Users" | "Groups", unknown, string]>([
    ["no operations", "Users", [], "invalidValue"],
    ["operations that are none", "Users", "add", "invalidValue"],
    ["an operation that is none", "Users", [null], "invalidSyntax"],
    ["an unknown op", "Users", [{ op: "move", path: "displayName", value: "x" }], "invalidSyntax"],
    ["a path that is none", "Users", [{ op: "add", path: "display name", value: "x" }], "invalidPath"],
    ["a path of a wrong type", "Users", [{ op: "add", path: 1, value: "x" }], "invalidSyntax"],
    ["a path without its bracket", "Groups", [{ op: "remove", path: 'members[value eq "x"' }], "invalidPath"],
    ["brackets within brackets", "Groups", [{ op: "remove", path: 'members[a[b eq "x"] eq "x"]' }], "invalidPath"],
    ["a long path", "Users", [{ op: "add", path: "a".repeat(2000), value: "x" }], "invalidPath"],
    ["an unknown attribute", "Users", [{ op: "replace", path: "shoeSize", value: 43 }], "invalidPath"],
    ["an unknown attribute of a value", "Users", [{ op: "replace", value: { shoeSize: 43 } }], "invalidPath"],
    ["an unknown part of the name", "Users", [{ op: "replace", path: "name.nick", value: "x" }], "invalidPath"],
    ["a part of what has none", "Users", [{ op: "replace", path: "userName.value", value: "x" }], "invalidPath"],
    ["__proto__", "Users", [{ op: "replace", path: "__proto__", value: {} }], "invalidPath"],
    ["an operation without a value", "Users", [{ op: "add", path: "displayName" }], "invalidValue"],
    ["no path and no object", "Users", [{ op: "replace", value: "x" }], "invalidValue"],
    ["a removal without a path", "Users", [{ op: "remove" }], "noTarget"],
    ["the id", "Users", [{ op: "replace", path: "id", value: "x" }], "mutability"],
    ["the person's groups", "Users", [{ op: "add", path: "groups", value: [] }], "mutability"],
    ["no userName", "Users", [{ op: "remove", path: "userName" }], "mutability"],
    ["a userName that is no address", "Users", [{ op: "replace", path: "userName", value: "x" }], "invalidValue"],
    ["active that is none", "Users", [{ op: "replace", path: "active", value: "maybe" }], "invalidValue"],
    ["no name of a group", "Groups", [{ op: "remove", path: "displayName" }], "mutability"],
    ["another name of a group", "Groups", [{ op: "replace", path: "displayName", value: "é" }], "invalidValue"],
    ["a member's change", "Groups", [{ op: "replace", path: 'members[value eq "x"]', value: {} }], "mutability"],
    ["a member by something else", "Groups", [{ op: "remove", path: 'members[display eq "x"]' }], "invalidFilter"],
    ["a member's attribute", "Groups", [{ op: "replace", path: "members.value", value: "x" }], "invalidPath"],
    ["members that are none", "Groups", [{ op: "add", path: "members", value: "x" }], "invalidValue"],
    ["too many operations", "Users", Array.from({ length: 201 }, () => ({ op: "add", value: {} })), "invalidValue"],
  ])("PATCH with %s", async (_, resource, operations, scimType) => {
    const path = resource === "Users" ? `/Users/${userId}` : `/Groups/${groupId}`;
    const answer = await client.send("PATCH", path, { schemas: [patchSchema], Operations: operations });
    expect(answer).toMatchObject({ status: 400, body: { scimType } });
    expect((await client.send("GET", `/Users/${userId}`)).body).toMatchObject({ displayName: "One", externalId: "1" });
    expect((await client.send("GET", `/Groups/${groupId}`)).body).toMatchObject({
      displayName: "one",
      members: [{ value: userId }],
    });
  });

  test("PATCH of another message", async () => {
    const operations = [{ op: "replace", path: "displayName", value: "x" }];
    const answer = await client.send("PATCH", `/Users/${userId}`, { schemas: [userSchema], Operations: operations });
    expect(answer).toMatchObject({ status: 400, body: { scimType: "invalidValue" } });
  });

  test.each<[string, string | undefined, string, number]>([
    ["no content type", undefined, "{}", 415],
    ["a form", "application/x-www-form-urlencoded", "a=b", 415],
    ["no JSON", "application/scim+json", "{", 400],
    ["deep nesting", "application/json", '{"a":'.repeat(20_000), 400],
    ["a large body", "application/scim+json", `{"a":"${"x".repeat(126_976)}"}`, 413],
  ])("a body with %s", async (_, type, body, status) => {
    const headers = { authorization: `Bearer ${client.token}`, ...(type && { "content-type": type }) };
    const sent = new Blob([body]);
    const answer = await server.send("/scim/v2/Users", { method: "POST", headers, body: sent });
    expect(answer).toMatchObject({ status, body: { status: `${status}` } });
  });
});

test("what the server does not keep is ignored, also in a change", async () => {
  const before = (await client.send("GET", `/Users/${userId}`)).body;
  const answer = await client.patch(
    `/Users/${userId}`,
    { op: "add", path: "title", value: "Dr" },
    { op: "replace", path: 'emails[type eq "work"]', value: { value: "other@example.com" } },
    { op: "add", path: `${enterprise}:department`, value: "x" },
    { op: "add", path: enterprise, value: { department: "x" } },
    { op: "replace", value: { id: userId, schemas: [userSchema], password: "secret", "name.middleName": "M" } },
  );
  expect(answer).toMatchObject({ status: 200, body: before });
});

test("too many requests of one address are refused, before the token is looked at", async () => {
  const limited = await startTestServer({ rateLimits: { scim: 2 } });
  try {
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await limited.send("/scim/v2/Users")).status);
    expect(statuses).toEqual([401, 401, 429]);
    expect((await limited.send("/healthz")).status).toBe(200);
  } finally {
    await limited.stop();
  }
});

test("what describes the server is as RFC 7643 has it", async () => {
  const configuration = (await client.send("GET", "/ServiceProviderConfig")).body;
  expect(configuration).toMatchObject({ patch: { supported: true }, bulk: { supported: false } });
  expect(configuration.meta.location).toBe(`${origin}/scim/v2/ServiceProviderConfig`);
  for (const path of ["/ResourceTypes", "/Schemas"]) {
    const { body } = await client.send("GET", path);
    expect(body.totalResults).toBe(2);
    for (const resource of body.Resources) {
      const one = await client.send("GET", `${path}/${encodeURIComponent(resource.id)}`);
      expect(one.body).toEqual(resource);
      expect(resource.meta.location).toBe(`${origin}/scim/v2${path}/${resource.id}`);
    }
  }
});
