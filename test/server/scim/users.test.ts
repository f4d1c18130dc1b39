/** /scim/v2/Users: what a client makes, reads, changes and deletes, and what becomes of the person here. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { disable, enable } from "../../../src/server/administration/people.ts";
import { linkToScim, unlinkFromScim } from "../../../src/server/administration/scim-access.ts";
import { entries } from "../../../src/server/audit/search.ts";
import { endOfTime } from "../../../src/server/store/audit.ts";
import { newPerson, type Person } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { scimClient, type ScimTestClient, userSchema } from "./scim-client.ts";

let server: TestServer;
let client: ScimTestClient;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  client = await scimClient(server, "entra");
});
afterAll(() => server.stop());

let count = 0;
const address = () => `scim-${++count}@example.com`;
const audited = async (who: string) => {
  const filter = { since: 0, until: endOfTime, who, event: undefined };
  return (await Array.fromAsync(entries(server.store, filter))).map(({ event, by }) => `${event} ${by ?? ""}`.trim());
};
const post = (userName: string, more: object = {}) =>
  client.send("POST", "/Users", { schemas: [userSchema], userName, ...more });
/** Somebody with a key and a session whom SCIM has taken up. */
async function linked(): Promise<Person & { id: string }> {
  const person = await newPerson(server);
  await server.store.transaction((tables) => linkToScim(tables, "operator", { email: person.email }));
  return { ...person, id: (await client.user(person.email)).id };
}
const isLoggedIn = async (person: Person) => (await server.inSession(person, "GET", "/v1/credentials")).status === 200;

test("a person is made, read, found, replaced and deleted, and the audit log names the token", async () => {
  const userName = address();
  const name = { familyName: "Example", givenName: "Ann" };
  const made = await post(userName.toUpperCase(), { externalId: "e-1", name, displayName: "Ann", title: "Dr" });
  const { id } = made.body;
  expect(made.status).toBe(201);
  expect(made.headers.get("location")).toBe(`${origin}/scim/v2/Users/${id}`);
  expect(made.headers.get("content-type")).toBe("application/scim+json");
  expect(made.body).toEqual({
    schemas: [userSchema],
    id,
    externalId: "e-1",
    userName,
    displayName: "Ann",
    name,
    emails: [{ value: userName, type: "work", primary: true }],
    active: true,
    meta: {
      resourceType: "User",
      created: new Date(server.now() * 1000).toISOString(),
      location: `${origin}/scim/v2/Users/${id}`,
    },
  });
  expect((await client.send("GET", `/Users/${id}`)).body).toEqual(made.body);
  const other = address();
  const put = await client.send("PUT", `/Users/${id}`, { schemas: [userSchema], userName: other });
  expect(put.body).toMatchObject({ id, userName: other, active: true });
  expect(put.body).not.toHaveProperty("displayName");
  expect(put.body).not.toHaveProperty("name");
  expect(put.body).not.toHaveProperty("externalId");
  expect((await client.send("DELETE", `/Users/${id}`)).status).toBe(204);
  expect((await client.send("GET", `/Users/${id}`)).status).toBe(404);
  expect(await server.store.accounts.findUser(other)).toEqual({ id, email: other, disabled: true });
  expect(await audited(id)).toEqual([
    "person_provisioned scim:entra",
    "person_changed scim:entra",
    "disable scim:entra",
    "person_deprovisioned scim:entra",
  ]);
});

describe("a person who is disabled", () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ["by active: false", (id) => client.patch(`/Users/${id}`, { op: "replace", path: "active", value: false })],
    ["by DELETE", (id) => client.send("DELETE", `/Users/${id}`)],
  ])("%s loses their sessions at once and keeps their keys", async (_, cut) => {
    const person = await linked();
    expect(await isLoggedIn(person)).toBe(true);
    await cut(person.id);
    expect(await isLoggedIn(person)).toBe(false);
    expect(await server.store.sessions.ofUser(person.id, server.now())).toEqual([]);
    expect(await server.store.credentials.ofUser(person.id)).toHaveLength(1);
    expect(await server.store.accounts.hasEnrolled(person.id)).toBe(true);
  });

  test("is enabled again by SCIM, and never by leaving active out", async () => {
    const userName = address();
    const { id } = await client.user(userName, { active: false });
    const put = () => client.send("PUT", `/Users/${id}`, { schemas: [userSchema], userName });
    expect((await put()).body.active).toBe(false);
    expect((await client.patch(`/Users/${id}`, { op: "add", value: { active: true } })).body.active).toBe(true);
    expect((await put()).body.active).toBe(true);
  });

  test.each([false, true])("by an administrator stays so, whatever SCIM says (SCIM first: %p)", async (isScimFirst) => {
    const userName = address();
    const { id } = await client.user(userName, { active: !isScimFirst });
    const now = server.now();
    await server.store.transaction((tables) => disable(tables, "operator", { email: userName, now }));
    const activate = async () =>
      (await client.patch(`/Users/${id}`, { op: "replace", value: { active: true } })).body.active;
    expect(await activate()).toBe(false);
    await client.patch(`/Users/${id}`, { op: "replace", value: { active: false } });
    expect(await activate()).toBe(false);
    await server.store.transaction((tables) => enable(tables, "operator", { email: userName }));
    expect((await client.send("GET", `/Users/${id}`)).body.active).toBe(true);
  });
});

describe("a userName that is taken", () => {
  const conflict = { status: 409, body: { status: "409", scimType: "uniqueness" } };

  test("by a User is refused, in any case of its letters, also for a change", async () => {
    const userName = address();
    await client.user(userName);
    expect(await post(userName.toUpperCase())).toMatchObject(conflict);
    const { id } = await client.user(address());
    expect(await client.patch(`/Users/${id}`, { op: "replace", path: "userName", value: userName })).toMatchObject(
      conflict,
    );
  });

  test("by anybody is refused to who would be called so, and recorded with the person whose address it is", async () => {
    const other = await newPerson(server);
    const { id } = await client.user(address());
    const change = { op: "replace", path: "userName", value: other.email };
    expect(await client.patch(`/Users/${id}`, change)).toMatchObject(conflict);
    const put = { schemas: [userSchema], userName: other.email };
    expect(await client.send("PUT", `/Users/${id}`, put)).toMatchObject(conflict);
    const about = await audited((await server.store.accounts.findUser(other.email))!.id);
    expect(about.filter((each) => each === "refuse scim:entra")).toHaveLength(2);
  });

  test("by somebody whom SCIM did not make is refused, and recorded, until an administrator links them", async () => {
    const person = await newPerson(server);
    const { id } = (await server.store.accounts.findUser(person.email))!;
    const refused = await post(person.email);
    expect(refused).toMatchObject(conflict);
    expect(refused.body.detail).toContain(`vouch server scim link ${person.email}`);
    expect(await audited(id)).toContain("refuse scim:entra");
    expect((await client.send("GET", `/Users/${id}`)).status).toBe(404);
    expect((await client.send("GET", `/Users?filter=userName eq "${person.email}"`)).body.totalResults).toBe(0);
    await server.store.transaction((tables) => linkToScim(tables, "operator", { email: person.email }));
    expect(await post(person.email)).toMatchObject({ status: 201, body: { id } });
    expect(await isLoggedIn(person)).toBe(true);
    await server.store.transaction((tables) =>
      unlinkFromScim(tables, "operator", { email: person.email, now: server.now() }),
    );
    expect((await client.send("GET", `/Users/${id}`)).status).toBe(404);
    expect(await post(person.email)).toMatchObject(conflict);
  });

  test("by somebody whom SCIM deleted takes them up, of no role, in no group", async () => {
    const person = await linked();
    await server.store.roles.setRole(person.id, "administrator");
    const group = await client.group(`of-${person.id.slice(0, 8)}`, [person.id]);
    await client.send("DELETE", `/Users/${person.id}`);
    expect((await client.send("GET", `/Groups/${group.id}`)).body.members).toEqual([]);
    expect((await client.send("DELETE", `/Users/${person.id}`)).status).toBe(404);
    expect(await post(person.email)).toMatchObject({ status: 201, body: { id: person.id, active: true } });
    expect(await server.store.roles.roleOf(person.id)).toBe("member");
    expect((await server.login(person.key, person.dpop)).status).toBe(200);
  });

  test("by somebody whom SCIM deleted under another externalId is refused: it may be somebody else", async () => {
    const userName = address();
    const { id } = await client.user(userName, { externalId: "first" });
    await client.send("DELETE", `/Users/${id}`);
    expect(await post(userName, { externalId: "second" })).toMatchObject(conflict);
    expect(await post(userName)).toMatchObject(conflict);
    expect((await server.store.accounts.findUser(userName))!.disabled).toBe(true);
    await server.store.transaction((tables) => linkToScim(tables, "operator", { email: userName }));
    expect(await post(userName, { externalId: "second" })).toMatchObject({ status: 201, body: { id } });
  });
});

test("the last administrator is cut off, too, when the company says so", async () => {
  const person = await linked();
  await server.store.roles.setRole(person.id, "administrator");
  expect((await client.patch(`/Users/${person.id}`, { op: "replace", value: { active: false } })).body.active).toBe(
    false,
  );
  expect(await isLoggedIn(person)).toBe(false);
});

describe("Users are listed", () => {
  let paged: TestServer;
  let pager: ScimTestClient;
  beforeAll(async () => {
    paged = await startTestServer();
    pager = await scimClient(paged);
    await newPerson(paged);
    for (const name of ["d", "b", "a", "c"]) {
      await pager.user(`${name}@example.com`, { externalId: `id-${name}`, displayName: name, active: name !== "c" });
    }
  });
  afterAll(() => paged.stop());
  const list = async (query: string) => {
    const { status, body } = await pager.send("GET", `/Users?${query}`);
    const names = body.Resources?.map(({ userName }: { userName: string }) => userName.split("@")[0]).join("");
    return status === 200 ? [names, body.totalResults, body.startIndex, body.itemsPerPage] : [status, body.scimType];
  };

  test.each<[string, unknown[]]>([
    ["", ["abcd", 4, 1, 4]],
    ["count=2", ["ab", 4, 1, 2]],
    ["startIndex=2&count=2", ["bc", 4, 2, 2]],
    ["startIndex=5", ["", 4, 5, 0]],
    ["startIndex=-3&count=1", ["a", 4, 1, 1]],
    ["count=0", ["", 4, 1, 0]],
    ["count=-1", ["", 4, 1, 0]],
    ["count=999999999", ["abcd", 4, 1, 4]],
    ['filter=userName eq "B@Example.com"', ["b", 1, 1, 1]],
    ['filter=USERNAME EQ "b@example.com"', ["b", 1, 1, 1]],
    ['filter=urn:ietf:params:scim:schemas:core:2.0:User:userName eq "b@example.com"', ["b", 1, 1, 1]],
    ['filter=emails[type eq "work"].value eq "b@example.com"', ["b", 1, 1, 1]],
    ['filter=emails.value eq "b@example.com"', ["b", 1, 1, 1]],
    ['filter=externalId eq "id-c"', ["c", 1, 1, 1]],
    ['filter=externalId eq "ID-c"', ["", 0, 1, 0]],
    ['filter=externalId eq "id-c" and active eq true', ["", 0, 1, 0]],
    ['filter=active eq false and externalId eq "id-c"', ["c", 1, 1, 1]],
    ['filter=userName eq "a@example.com" and displayName eq "A"', ["a", 1, 1, 1]],
    ['filter=userName eq "a@example.com" and displayName eq "b"', ["", 0, 1, 0]],
    ['filter=userName eq "nobody"', ["", 0, 1, 0]],
    ['filter=userName eq "person-1@example.com"', ["", 0, 1, 0]],
    ['filter=userName eq "b@example.com"&startIndex=2', ["", 1, 2, 0]],
    ["filter=userName eq null", ["", 0, 1, 0]],
    ["filter=userName eq 12", ["", 0, 1, 0]],
    ['filter=displayName eq "a"', [400, "invalidFilter"]],
    ['filter=userName sw "a"', [400, "invalidFilter"]],
    ['filter=userName eq "a" or userName eq "b"', [400, "invalidFilter"]],
    ["filter=userName pr", [400, "invalidFilter"]],
    ["filter=", [400, "invalidFilter"]],
    ['filter=userName eq "a', [400, "invalidFilter"]],
    ['filter=userName eq "\\u12"', [400, "invalidFilter"]],
    ['filter=(userName eq "a")', [400, "invalidFilter"]],
    ['filter=password eq "a"', [400, "invalidFilter"]],
    [`filter=userName eq "${"a".repeat(2000)}"`, [400, "invalidFilter"]],
    [`filter=${Array.from({ length: 11 }, () => 'id eq "a"').join(" and ")}`, [400, "invalidFilter"]],
    ["count=many", [400, "invalidValue"]],
    ["startIndex=1&startIndex=2", [400, "invalidValue"]],
    ["attributes=a b", [400, "invalidValue"]],
  ])("by %s", async (query, expected) => {
    expect(await list(query.replaceAll(" ", "%20").replaceAll('"', "%22").replaceAll("\\", "%5C"))).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ["attributes=userName", ["schemas", "id", "userName"]],
    ["attributes=USERNAME,meta.location", ["schemas", "id", "userName", "meta"]],
    [`attributes=${userSchema}:userName`, ["schemas", "id", "userName"]],
    ["excludedAttributes=id,emails,meta,active", ["schemas", "id", "externalId", "userName", "displayName"]],
  ])("with %s", async (query, members) => {
    const { body } = await pager.send("GET", `/Users?count=1&${query}`);
    expect(Object.keys(body.Resources[0])).toEqual(members);
  });
});
