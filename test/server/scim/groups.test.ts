/** /scim/v2/Groups: what a client makes, changes and deletes, and what administrators and sign-ons have said beside it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { entries } from "../../../src/server/audit/search.ts";
import { endOfTime } from "../../../src/server/store/audit.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { groupSchema, scimClient, type ScimTestClient } from "./scim-client.ts";

let server: TestServer;
let client: ScimTestClient;
let people: string[];
beforeAll(async () => {
  server = await startTestServer();
  client = await scimClient(server, "okta");
  people = [];
  for (const name of ["a", "b", "c"]) people.push((await client.user(`${name}@example.com`)).id);
});
afterAll(() => server.stop());

let count = 0;
const newName = () => `Group ${++count}`;
const membersOf = async (id: string): Promise<string[]> =>
  (await client.send("GET", `/Groups/${id}`)).body.members.map(({ value }: { value: string }) => value);
const refs = (...ids: string[]) => ids.map((value) => ({ value }));
const sourcesOf = async (name: string) =>
  (await server.store.groups.members((await server.store.groups.findByName(name))!.id)).map(
    ({ email, sources }) => `${email} ${sources.join("+")}`,
  );

test("a group is made, read, renamed, replaced and deleted, and the audit log names the token", async () => {
  const [name, other] = [newName(), newName()];
  const [a, b, c] = people as [string, string, string];
  const made = await client.send("POST", "/Groups", {
    schemas: [groupSchema],
    displayName: name,
    externalId: "g-1",
    members: [...refs(a, b), { value: a, type: "User", $ref: null, display: "A" }],
  });
  const { id } = made.body;
  const location = `${origin}/scim/v2/Groups/${id}`;
  expect(made).toMatchObject({ status: 201, body: { id, displayName: name, externalId: "g-1" } });
  expect(made.headers.get("location")).toBe(location);
  expect(made.body.members).toEqual([
    { value: a, type: "User", $ref: `${origin}/scim/v2/Users/${a}` },
    { value: b, type: "User", $ref: `${origin}/scim/v2/Users/${b}` },
  ]);
  const put = { schemas: [groupSchema], displayName: other, members: refs(c) };
  expect((await client.send("PUT", `/Groups/${id}`, put)).body).toMatchObject({ displayName: other });
  expect(await membersOf(id)).toEqual([c]);
  expect((await client.send("DELETE", `/Groups/${id}`)).status).toBe(204);
  for (const method of ["GET", "DELETE"]) expect((await client.send(method, `/Groups/${id}`)).status).toBe(404);
  expect(await server.store.groups.findByName(other)).toBeUndefined();
  const filter = { since: 0, until: endOfTime, who: undefined, event: undefined };
  const log = (await Array.fromAsync(entries(server.store, filter))).filter(({ event }) => event.startsWith("group_"));
  expect(log.map(({ event, by, email }) => [event, by, email])).toEqual([
    ["group_added", "scim:okta", null],
    ["group_joined", "scim:okta", "a@example.com"],
    ["group_joined", "scim:okta", "b@example.com"],
    ["group_renamed", "scim:okta", null],
    ["group_left", "scim:okta", "a@example.com"],
    ["group_left", "scim:okta", "b@example.com"],
    ["group_joined", "scim:okta", "c@example.com"],
    ["group_removed", "scim:okta", null],
  ]);
});

const [A, B, C] = ["{a}", "{b}", "{c}"];

describe("PATCH of members, beginning with the second person alone", () => {
  test.each<[string, object[], string]>([
    ["adds", [{ op: "add", path: "members", value: refs(A, B) }], "ab"],
    ["adds one without an array", [{ op: "add", path: "members", value: { value: A } }], "ab"],
    ["adds without a path", [{ op: "Add", value: { members: refs(C) } }], "bc"],
    ["removes by a filter", [{ op: "remove", path: `members[value eq "${B}"]` }], ""],
    ["removes by a filter with the schema", [{ op: "remove", path: `${groupSchema}:members[value eq "${B}"]` }], ""],
    ["removes by a value (Entra)", [{ op: "Remove", path: "members", value: [{ $ref: null, value: B }] }], ""],
    ["removes none who is no member", [{ op: "remove", path: `members[value eq "${A}"]` }], "b"],
    ["removes none who is nobody", [{ op: "remove", path: 'members[value eq "nobody"]' }], "b"],
    ["removes all", [{ op: "remove", path: "members" }], ""],
    ["replaces", [{ op: "replace", path: "members", value: refs(A, C) }], "ac"],
    ["replaces by nobody", [{ op: "replace", path: "members", value: [] }], ""],
    ["replaces without a path (Okta)", [{ op: "replace", value: { members: refs(C) } }], "c"],
    [
      "goes in order",
      [
        { op: "remove", path: "members" },
        { op: "add", path: "members", value: refs(C) },
      ],
      "c",
    ],
  ])("%s", async (_, operations, expected) => {
    const { id } = await client.group(newName(), [people[1]!]);
    const written = JSON.stringify(operations).replaceAll(/\{([abc])\}/g, (_all, name: string) => {
      return people["abc".indexOf(name)]!;
    });
    const answer = await client.patch(`/Groups/${id}`, ...(JSON.parse(written) as object[]));
    expect(answer).toMatchObject({ status: 204, body: undefined });
    expect((await membersOf(id)).map((member) => "abc"[people.indexOf(member)]).join("")).toBe(expected);
  });
});

test("a change that is refused changes nothing of the rest of its request", async () => {
  const name = newName();
  const { id } = await client.group(name, [people[0]!]);
  const answer = await client.patch(
    `/Groups/${id}`,
    { op: "replace", path: "displayName", value: newName() },
    { op: "remove", path: "members" },
    { op: "add", path: "members", value: refs("nobody") },
  );
  expect(answer).toMatchObject({ status: 400, body: { scimType: "invalidValue" } });
  expect((await client.send("GET", `/Groups/${id}`)).body.displayName).toBe(name);
  expect(await membersOf(id)).toEqual([people[0]!]);
});

test("a member is a User whom SCIM sees, and no other person", async () => {
  const { id } = await client.group(newName());
  const other = (await server.store.accounts.add("other@example.com", server.now()))!;
  const answer = await client.patch(`/Groups/${id}`, { op: "add", path: "members", value: refs(other.id) });
  expect(answer).toMatchObject({ status: 400, body: { scimType: "invalidValue" } });
});

describe("a group of others", () => {
  test("that an administrator made is not SCIM's, by no id, filter or name", async () => {
    const name = newName();
    const { id } = (await server.store.groups.create(name, "local", server.now()))!;
    const conflict = { status: 409, body: { scimType: "uniqueness" } };
    expect(await client.send("POST", "/Groups", { schemas: [groupSchema], displayName: name })).toMatchObject(conflict);
    for (const method of ["GET", "DELETE"]) expect((await client.send(method, `/Groups/${id}`)).status).toBe(404);
    expect((await client.send("GET", `/Groups?filter=displayName eq "${name}"`)).body.totalResults).toBe(0);
    expect((await client.send("GET", `/Groups?filter=id eq "${id}"`)).body.totalResults).toBe(0);
    const mine = await client.group(newName());
    expect(await client.patch(`/Groups/${mine.id}`, { op: "replace", value: { displayName: name } })).toMatchObject(
      conflict,
    );
  });

  test("that sign-ons made becomes SCIM's, and keeps what they said when SCIM deletes it", async () => {
    const name = newName();
    const now = server.now();
    await server.store.groups.replaceMemberships(people[0]!, "sso", [name], now);
    const { id } = await client.group(name, [people[1]!]);
    expect(await sourcesOf(name)).toEqual(["a@example.com sso", "b@example.com scim"]);
    expect(await membersOf(id)).toEqual([people[1]!]);
    await client.patch(`/Groups/${id}`, { op: "remove", path: `members[value eq "${people[0]!}"]` });
    expect(await sourcesOf(name)).toEqual(["a@example.com sso", "b@example.com scim"]);
    expect((await client.send("DELETE", `/Groups/${id}`)).status).toBe(204);
    expect(await sourcesOf(name)).toEqual(["a@example.com sso"]);
    expect((await client.send("GET", `/Groups/${id}`)).status).toBe(404);
    expect((await server.store.groups.findByName(name))!.source).toBe("sso");
  });
});

test("groups are listed page by page, found by name, externalId, id and member, and without members if asked", async () => {
  const paged = await startTestServer();
  try {
    const pager = await scimClient(paged);
    const { id: person } = await pager.user("one@example.com");
    const ids: string[] = [];
    for (const name of ["b", "a", "c"]) ids.push((await pager.group(name, name === "a" ? [person] : [])).id);
    await paged.store.groups.setSource(ids[2]!, "scim", "x-c");
    const list = async (query: string) => {
      const { body } = await pager.send("GET", `/Groups?${encodeURI(query)}`);
      const names = body.Resources?.map(({ displayName }: { displayName: string }) => displayName).join("");
      return [names, body.totalResults ?? body.scimType];
    };
    expect(await list("")).toEqual(["abc", 3]);
    expect(await list("startIndex=2&count=1")).toEqual(["b", 3]);
    expect(await list('filter=displayName eq "a"')).toEqual(["a", 1]);
    expect(await list('filter=externalId eq "x-c"')).toEqual(["c", 1]);
    expect(await list(`filter=id eq "${ids[1]!}" and members eq "${person}"`)).toEqual(["a", 1]);
    expect(await list(`filter=id eq "${ids[0]!}" and members.value eq "${person}"`)).toEqual(["", 0]);
    expect(await list('filter=active eq "a"')).toEqual([undefined, "invalidFilter"]);
    const without = await pager.send("GET", "/Groups?excludedAttributes=members");
    expect(without.body.Resources[0]).not.toHaveProperty("members");
    const one = await pager.send("GET", `/Groups/${ids[1]!}?attributes=members.value`);
    expect(one.body).toEqual({ schemas: [groupSchema], id: ids[1], members: [{ value: person }] });
  } finally {
    await paged.stop();
  }
});
