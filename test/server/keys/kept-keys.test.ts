/** Renaming and removing a person's own security keys, and every way in which that is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DpopKey } from "../oauth/dpop-key.ts";
import { add, list, login, newPerson, remove, rename } from "../person.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

const badNames: [string, unknown][] = [
  ["empty", ""],
  ["blank", " \t "],
  ["too long", "x".repeat(65)],
  ["with a line end", "a\nb"],
  ["with an escape sequence", "\u001b[2Jgone"],
  ["with a C1 control", "a\u009bb"],
  ["with a mark that reorders", "a\u202eb"],
  ["half a character", "a\ud800"],
  ["no text", 7],
  ["null", null],
];

describe("renaming a key", () => {
  test("works for a name of up to 64 characters, of any script, its own included", async () => {
    const person = await newPerson(server);
    for (const name of ["second", "second", "Schlüssel 🔑", "x".repeat(64), "🔑".repeat(64)]) {
      expect(await rename(server, person, person.key.id, name)).toMatchObject({ status: 200, body: { name } });
      expect((await list(server, person))[0]?.name).toBe(name);
    }
  });

  test.each(badNames)("is refused to a name that is %s, also for a new key", async (_name, name) => {
    const person = await newPerson(server);
    expect(await rename(server, person, person.key.id, name)).toMatchObject({ status: 400 });
    expect((await add(server, person, new TestSecurityKey(), { name })).status).toBe(400);
    expect((await list(server, person)).map((key) => key.name)).toEqual(["first"]);
  });

  test("is refused to the name of another key, composed or decomposed", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    await add(server, person, second, { name: "caf\u00e9" });
    for (const name of ["caf\u00e9", "cafe\u0301"]) {
      expect((await rename(server, person, person.key.id, name)).body.error.code).toBe("name_taken");
    }
  });

  test("of another user answers as for a key that does not exist", async () => {
    const [person, other] = [await newPerson(server), await newPerson(server)];
    const answers = [await rename(server, person, other.key.id, "mine"), await rename(server, person, "AAAA", "mine")];
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[0]?.body).toEqual(answers[1]?.body);
    expect((await list(server, other))[0]?.name).toBe("first");
  });
});

describe("removing a key", () => {
  test("ends the sessions that it opened, here and elsewhere, and no others", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    await add(server, person, second);
    const [stolen, elsewhere] = [await login(server, second), await login(server, second)];
    expect(await remove(server, person, second.id)).toMatchObject({
      status: 200,
      body: { sessionsEnded: 2, thisSession: false },
    });
    for (const { accessToken, dpop } of [stolen, elsewhere]) {
      const { status, body } = await server.exchange(accessToken, dpop);
      expect({ status, error: body.error }).toEqual({ status: 400, error: "invalid_grant" });
      expect((await server.inSession({ accessToken, dpop }, "GET", "/v1/credentials")).status).toBe(401);
    }
    expect((await server.exchange(person.accessToken, person.dpop)).status).toBe(200);
    expect((await server.login(second, await DpopKey.generate())).body.error).toBe("invalid_grant");
  });

  test("that opened this session ends this session", async () => {
    const person = await newPerson(server);
    await add(server, person, new TestSecurityKey());
    expect((await remove(server, person, person.key.id)).body).toEqual({ sessionsEnded: 1, thisSession: true });
    expect((await server.inSession(person, "GET", "/v1/credentials")).status).toBe(401);
  });

  test("is refused for the last one without `force`", async () => {
    const person = await newPerson(server);
    const refused = await remove(server, person, person.key.id);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "last_credential" } } });
    expect((await list(server, person)).map(({ id }) => id)).toEqual([person.key.id]);
    expect((await remove(server, person, person.key.id, { force: "yes" })).status).toBe(400);
    expect((await remove(server, person, person.key.id, { force: true })).body.thisSession).toBe(true);
    expect((await server.login(person.key, await DpopKey.generate())).body.error).toBe("invalid_grant");
    const code = await server.invite(person.email);
    const { options } = await server.enrollOptions(code);
    expect(options.excludeCredentials).toEqual([]);
  });

  test("of another user answers as for one that does not exist or is removed already, with and without `force`", async () => {
    const [person, other] = [await newPerson(server), await newPerson(server)];
    const second = new TestSecurityKey();
    await add(server, person, second);
    await remove(server, person, second.id);
    const ids = [other.key.id, "AAAA", second.id];
    const answers = await Promise.all(
      ids.flatMap((id) => [remove(server, person, id), remove(server, person, id, { force: true })]),
    );
    expect(statusCounts(answers)).toEqual({ 404: 6 });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
    expect((await list(server, person)).map(({ id }) => id)).toEqual([person.key.id]);
  });

  test("at once with the only other one, in two sessions, leaves one", async () => {
    for (let round = 0; round < 5; round++) {
      const person = await newPerson(server);
      const second = new TestSecurityKey();
      await add(server, person, second);
      const other = { key: second, ...(await login(server, second)) };
      const answers = await Promise.all([remove(server, person, second.id), remove(server, other, person.key.id)]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const left = await Promise.all([person.key.id, second.id].map((id) => server.store.credentials.find(id)));
      expect(left.filter(Boolean)).toHaveLength(1);
    }
  });

  test("twice at once removes it once", async () => {
    const person = await newPerson(server, { counter: 0 });
    const second = new TestSecurityKey();
    await add(server, person, second);
    const answers = await Promise.all([remove(server, person, second.id), remove(server, person, second.id)]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 404: 1 });
  });

  test("ends a login by it that is under way, without a session", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    await add(server, person, second);
    const dpop = await DpopKey.generate();
    const [removed, loggedIn] = await Promise.all([remove(server, person, second.id), server.login(second, dpop)]);
    expect(removed.status).toBe(200);
    if (loggedIn.status === 200) expect((await server.exchange(loggedIn.body.access_token, dpop)).status).toBe(400);
    else expect(loggedIn.body.error).toBe("invalid_grant");
  });
});

test("the log of key management names user and path, and neither key nor name", async () => {
  const person = await newPerson(server);
  const second = new TestSecurityKey();
  server.logs.length = 0;
  await add(server, person, second, { name: "drawer-name" });
  await remove(server, person, second.id);
  const user = (await server.store.accounts.findUser(person.email))?.id ?? "";
  expect(server.logs).toMatchObject(
    ["addition/options", "addition", "removal/options", "removal"].map((path) => ({
      path: `/v1/credentials/${path}`,
      status: 200,
      user,
    })),
  );
  for (const secret of [second.id, "drawer-name", person.accessToken]) {
    expect(JSON.stringify(server.logs)).not.toContain(secret);
  }
});
