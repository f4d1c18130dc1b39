/** A person's own sessions: the list, and every way of ending them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { login, newPerson, type Person } from "../person.ts";
import { DpopKey } from "./dpop-key.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

interface Listed {
  id: string;
  createdAt: number;
  expiresAt: number;
  key: string;
  client: string | null;
  thisSession: boolean;
}
type Held = Pick<Person, "accessToken" | "dpop">;

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterEach(() => server.stop());

const list = async (session: Held): Promise<Listed[]> =>
  (await server.inSession(session, "GET", "/v1/sessions")).body.sessions;
const end = (session: Held, request: object) => server.inSession(session, "POST", "/v1/sessions/end", request);
const isLive = async (session: Held) => (await server.exchange(session.accessToken, session.dpop)).status === 200;

/** Logs in with the name of a machine. */
async function loginFrom(person: Person, client: string): Promise<Held> {
  const dpop = await DpopKey.generate();
  const { ceremony, options } = await server.loginOptions();
  const credential = JSON.stringify(person.key.authenticate(options, origin));
  const form = { grant_type: webauthnGrant, ceremony, credential, client };
  const { body } = await server.form("/oauth/token", form, { dpop: await server.proof(dpop) });
  return { accessToken: body.access_token, dpop };
}

describe("the list of a person's sessions", () => {
  test("has each live one with its times, its key, its machine's name, and which one this is", async () => {
    const person = await newPerson(server);
    const begun = server.now();
    server.advance(60);
    const other = await loginFrom(person, "build-host");
    await newPerson(server);
    const { status, headers, body } = await server.inSession(other, "GET", "/v1/sessions");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    const shared = { id: expect.stringMatching(/^[0-9a-f]{16}$/), key: "first" };
    expect(body.sessions).toEqual([
      { ...shared, createdAt: begun, expiresAt: begun + 8 * 3600, client: null, thisSession: false },
      { ...shared, createdAt: begun + 60, expiresAt: begun + 60 + 8 * 3600, client: "build-host", thisSession: true },
    ]);
    expect(new Set(body.sessions.map(({ id }: Listed) => id)).size).toBe(2);
  });

  test("has nothing that opens a session: neither the token nor its hash", async () => {
    const person = await newPerson(server);
    const text = JSON.stringify(await list(person));
    expect(text).not.toContain(person.accessToken);
    expect(text).not.toContain(sha256(person.accessToken));
    expect(text).not.toContain(Buffer.from(sha256(person.accessToken), "base64url").toString("hex").slice(0, 16));
  });

  test("comes in pages of five hundred, which together have each session once and in order", async () => {
    const person = await newPerson(server);
    const { user, credentialId } = (await server.store.sessions.find(sha256(person.accessToken)))!;
    // Many of one second: the pages end in the middle of them.
    for (let number = 0; number < 1200; number++) {
      const createdAt = server.now() - (number < 700 ? 5 : 4);
      const session = { user, jkt: "jkt", credentialId, createdAt, expiresAt: server.now() + 100 };
      await server.store.sessions.add(`hash-${number}`, session, `${number}`);
    }
    const pages: Listed[][] = [];
    for (let query: string | undefined = ""; query !== undefined;) {
      const { body } = await server.inSession(person, "GET", `/v1/sessions${query}`);
      pages.push(body.sessions);
      query = body.next === undefined ? undefined : `?after=${body.next}`;
    }
    expect(pages.map(({ length }) => length)).toEqual([500, 500, 201]);
    const all = pages.flat();
    expect(new Set(all.map(({ id }) => id)).size).toBe(1201);
    expect(all).toEqual(all.toSorted((one, other) => one.createdAt - other.createdAt));
    // One that is beyond the first page is ended by its id.
    expect((await end(person, { id: all[1100]!.id })).body).toEqual({ ended: 1, thisSession: false });
    expect((await end(person, { which: "others" })).body).toEqual({ ended: 1199, thisSession: false });
  });

  test("goes on where it was when the session that ended a page has ended, and hides none", async () => {
    const person = await newPerson(server);
    const { user, credentialId } = (await server.store.sessions.find(sha256(person.accessToken)))!;
    for (let number = 0; number < 600; number++) {
      const session = { user, jkt: "jkt", credentialId, createdAt: server.now() - 5, expiresAt: server.now() + 100 };
      await server.store.sessions.add(`hash-${number}`, session);
    }
    const { body: first } = await server.inSession(person, "GET", "/v1/sessions");
    await end(person, { id: first.sessions.at(-1).id });
    const seen = new Set(first.sessions.map(({ id }: Listed) => id));
    for (let { next } = first; next !== undefined;) {
      const { body } = await server.inSession(person, "GET", `/v1/sessions?after=${next}`);
      for (const { id } of body.sessions) seen.add(id);
      next = body.next;
    }
    expect(seen.size).toBe(601);
  });

  test.each(["", "0", "1800000000-", "1800000000-0123456789abcdeg", "-1-0123456789abcdef"])(
    "does not begin after %p",
    async (after) => {
      const person = await newPerson(server);
      const { status, body } = await server.inSession(person, "GET", `/v1/sessions?after=${after}`);
      expect({ status, message: body.error.message }).toEqual({
        status: 400,
        message: expect.stringContaining('Expected "after"'),
      });
    },
  );

  test("lacks what has ended, by time and by revocation", async () => {
    const person = await newPerson(server);
    const revoked = await login(server, person.key);
    server.advance(5 * 3600);
    const late = await login(server, person.key);
    await server.form("/oauth/revoke", { token: revoked.accessToken });
    expect(await list(late)).toHaveLength(2);
    server.advance(4 * 3600);
    expect((await list(late)).map(({ thisSession }) => thisSession)).toEqual([true]);
  });

  test.each([
    ["a\u202eb\u0000", "a\ufffdb\ufffd"],
    ["line\nend", "line end"],
    ["x".repeat(200), "x".repeat(64)],
    ["\u{1f511}".repeat(65), "\u{1f511}".repeat(64)],
    ["", null],
    ["  ", null],
  ])("has the claimed name %j as one clean line", async (client, shown) => {
    const person = await newPerson(server);
    const named = await loginFrom(person, client);
    expect((await list(named)).find(({ thisSession }) => thisSession)?.client).toBe(shown as string);
  });
});

describe("a person ends", () => {
  test("one session by its id, and only that", async () => {
    const person = await newPerson(server);
    const [one, two] = [await loginFrom(person, "one"), await loginFrom(person, "two")];
    const { id } = (await list(person)).find(({ client }) => client === "one")!;
    expect(await end(person, { id })).toMatchObject({ status: 200, body: { ended: 1, thisSession: false } });
    expect(await Promise.all([one, two, person].map(isLive))).toEqual([false, true, true]);
    expect(await end(person, { id })).toMatchObject({ status: 404, body: { error: { code: "session_not_found" } } });
  });

  test("the session that asks", async () => {
    const person = await newPerson(server);
    const [own] = await list(person);
    expect((await end(person, { id: own!.id })).body).toEqual({ ended: 1, thisSession: true });
    expect(await isLive(person)).toBe(false);
  });

  test("all others", async () => {
    const person = await newPerson(server);
    const stranger = await newPerson(server);
    const others = [await loginFrom(person, "one"), await loginFrom(person, "two")];
    expect((await end(person, { which: "others" })).body).toEqual({ ended: 2, thisSession: false });
    expect(await Promise.all([...others, person, stranger].map(isLive))).toEqual([false, false, true, true]);
    expect((await end(person, { which: "others" })).body).toEqual({ ended: 0, thisSession: false });
  });

  test("all of them", async () => {
    const person = await newPerson(server);
    const stranger = await newPerson(server);
    const other = await loginFrom(person, "one");
    expect((await end(person, { which: "all" })).body).toEqual({ ended: 2, thisSession: true });
    expect(await Promise.all([other, person, stranger].map(isLive))).toEqual([false, false, true]);
  });

  test.each(["others", "all"])("with %s also a login that is under way, which opens no session", async (which) => {
    const person = await newPerson(server);
    const { ceremony, options } = await server.loginOptions();
    await end(person, { which });
    const credential = JSON.stringify(person.key.authenticate(options, origin));
    const form = { grant_type: webauthnGrant, ceremony, credential };
    const late = await server.form("/oauth/token", form, { dpop: await server.proof(await DpopKey.generate()) });
    expect(late).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(late.body.error_description).toContain("ended while this login was under way");
    expect((await server.login(person.key, await DpopKey.generate())).status).toBe(200);
  });
});

describe("no session is ended", () => {
  test("of another person, by its id", async () => {
    const person = await newPerson(server);
    const stranger = await newPerson(server);
    const [own] = await list(person);
    expect(await end(stranger, { id: own!.id })).toMatchObject({
      status: 404,
      body: { error: { code: "session_not_found" } },
    });
    expect(await isLive(person)).toBe(true);
  });

  test.each([
    [{}],
    [{ id: 1 }],
    [{ which: "mine" }],
    [{ id: "0123456789abcdef", which: "all" }],
    [{ id: "x".repeat(65) }],
    [{ which: "all", force: true }],
  ])("by a body of the wrong shape: %j", async (request) => {
    const person = await newPerson(server);
    expect(await end(person, request)).toMatchObject({ status: 400, body: { error: { code: "protocol_error" } } });
    expect(await isLive(person)).toBe(true);
  });

  test("without a session, or with the proof of another key", async () => {
    const person = await newPerson(server);
    const thief = { accessToken: person.accessToken, dpop: await DpopKey.generate() };
    expect(await end(thief, { which: "all" })).toMatchObject({
      status: 401,
      body: { error: { code: "login_needed" } },
    });
    expect((await server.send("/v1/sessions")).status).toBe(401);
    expect((await server.post("/v1/sessions/end", { which: "all" })).status).toBe(401);
    expect(await isLive(person)).toBe(true);
  });

  test("by a session that has ended itself", async () => {
    const person = await newPerson(server);
    const other = await loginFrom(person, "one");
    await end(person, { which: "others" });
    expect(await end(other, { which: "all" })).toMatchObject({
      status: 401,
      body: { error: { code: "login_needed" } },
    });
    expect(await isLive(person)).toBe(true);
  });

  test("by one of two that end each other at once: exactly one lives on", async () => {
    const person = await newPerson(server);
    const other = await loginFrom(person, "one");
    const answers = await Promise.all([end(person, { which: "others" }), end(other, { which: "others" })]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 1 });
    const live = await Promise.all([person, other].map(isLive));
    expect(live).toEqual(answers.map(({ status }) => status === 200));
  });
});
