/** Ending one's own sessions, and reading one's activity, page by page. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { login, newPerson, type Person } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";
import { Visitor } from "./visitor.ts";

let server: TestServer;
let person: Person;
let visitor: Visitor;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  person = await newPerson(server);
  visitor = new Visitor(server);
  await visitor.signIn(person.key);
});
afterAll(() => server.stop());

const isLive = async (session: Pick<Person, "accessToken" | "dpop">) =>
  (await server.inSession(session, "GET", "/v1/sessions")).status === 200;
const ids = async (page: string) => [...page.matchAll(/name="id" value="([0-9a-f]{16})"/g)].map(([, id]) => id!);
const end = async (fields: Record<string, string>) =>
  await visitor.post("/sessions/end", { form_token: await visitor.formToken(), ...fields });

test("one session ends, all others, and all; nobody else's", async () => {
  const other = await newPerson(server);
  const second = await login(server, person.key);
  const [newest] = await ids(await (await visitor.get("/")).text());
  expect((await end({ id: newest! })).headers.get("location")).toBe("/");
  expect(visitor.notice).toBe("session-ended");
  expect([await isLive(person), await isLive(second)].filter(Boolean)).toHaveLength(1);

  const theirs = new Visitor(server);
  await theirs.signIn(other.key);
  const [foreign] = await ids(await (await theirs.get("/")).text());
  expect((await end({ id: foreign! })).status).toBe(404);
  expect((await end({ id: "0".repeat(16) })).status).toBe(404);
  const wrong: Record<string, string>[] = [{ which: "everybody" }, { id: "x" }, {}];
  for (const fields of wrong) {
    const answer = await end(fields);
    const page = await answer.text();
    expect([answer.status, /expected (?:Object|\/)|received|\[0-9a-f\]/i.exec(page)]).toEqual([400, null]);
  }

  const elsewhere = new Visitor(server);
  await elsewhere.signIn(person.key);
  expect((await end({ which: "others" })).headers.get("location")).toBe("/");
  expect(visitor.notice).toBe("sessions-ended");
  expect([await isLive(person), await isLive(second)]).toEqual([false, false]);
  expect(await (await elsewhere.get("/")).text()).not.toContain("Sign out");
  expect(await (await visitor.get("/")).text()).toContain("Sign out");

  expect((await end({ which: "all" })).headers.get("location")).toBe("/sign-in");
  expect([visitor.notice, visitor.cookie]).toEqual(["signed-out", undefined]);
  expect(await isLive(other)).toBe(true);
  expect(await (await theirs.get("/")).text()).toContain("Sign out");
});

test("a browser of one's own that is signed in can be signed out from another", async () => {
  await visitor.signIn(person.key);
  const elsewhere = new Visitor(server);
  await elsewhere.signIn(person.key);
  const [id] = await ids(await (await visitor.get("/")).text());
  expect((await end({ id: id! })).status).toBe(303);
  expect(await (await elsewhere.get("/")).text()).not.toContain("Sign out");
});

test("each entry about a person stands on one page of the activity, the newest first, and none about others", async () => {
  const { id } = (await server.store.accounts.findUser(person.email))!;
  const other = await newPerson(server);
  const stranger = (await server.store.accounts.findUser(other.email))!;
  await server.store.transaction(async ({ record }) => {
    for (let count = 0; count < 120; count++) {
      await record({ event: "login", user: { id, email: person.email }, detail: { client: `machine-${count}.` } });
      await record({ event: "login", user: stranger, detail: { client: "not-mine" } });
    }
  });
  const found: string[] = [];
  let path: string | undefined = "/activity";
  for (let pages = 0; path !== undefined; pages++) {
    expect(pages).toBeLessThan(10);
    const page = await (await visitor.get(path)).text();
    expect(page).not.toContain("not-mine");
    const rows = [...page.matchAll(/machine-(\d+)\./g)].map(([, count]) => count!);
    expect(page.match(/<tr /g)!.length).toBeLessThanOrEqual(51);
    found.push(...rows);
    path = /href="(\/activity\?before=[^"]+)"/.exec(page)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(found).toEqual(Array.from({ length: 120 }, (_, index) => `${119 - index}`));
});

test.each(["x", "1.2", "1.2.a\0", "-1.2.a", `1.2.${"a".repeat(400)}`, "99999999999999.1.a"])(
  "a cursor that no page has given is refused: %j",
  async (cursor) => {
    expect((await visitor.get(`/activity?before=${encodeURIComponent(cursor)}`)).status).toBe(400);
  },
);

test("a person of whom the log has nothing yet reads so", async () => {
  const { sha256 } = await import("../../../src/server/random.ts");
  await server.invite("new@example.com");
  const user = (await server.store.accounts.findUser("new@example.com"))!;
  const session = { user, method: "sso", credentialId: undefined, createdAt: server.now() } as const;
  await server.store.pageSessions.add(sha256("E".repeat(43)), { ...session, expiresAt: server.now() + 3600 });
  const page = await (await new Visitor(server, "E".repeat(43)).get("/")).text();
  expect(page).toContain("Nothing has happened yet.");
  expect(page).toContain("You have no security key yet.");
});
