/** A person's own security keys: list, add, rename, remove; and every way in which a request for it is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { decodeJwt } from "jose";
import { sha256 } from "../../src/server/random.ts";
import { DpopKey } from "./dpop-key.ts";
import { TestSecurityKey, type Twist } from "./security-key.ts";
import { type Answer, origin, startTestServer, statusCounts, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

interface Person {
  email: string;
  key: TestSecurityKey;
  accessToken: string;
  dpop: DpopKey;
}

let people = 0;

/** Somebody new with one key, logged in. */
async function newPerson(): Promise<Person> {
  const email = `person-${++people}@example.com`;
  const key = new TestSecurityKey();
  const code = await server.invite(email);
  const { ceremony, options } = await server.enrollOptions(code);
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin), name: "first" });
  return { email, key, ...(await login(key)) };
}

async function login(key: TestSecurityKey): Promise<{ accessToken: string; dpop: DpopKey }> {
  const dpop = await DpopKey.generate();
  const { body } = await server.login(key, dpop);
  return { accessToken: body.access_token, dpop };
}

const list = async (session: Pick<Person, "accessToken" | "dpop">) =>
  (await server.inSession(session, "GET", "/v1/credentials")).body.credentials as {
    id: string;
    name: string;
    thisSession: boolean;
  }[];

const begin = async (person: Person) =>
  (await server.inSession(person, "POST", "/v1/credentials/add/options", {})).body as Awaited<
    ReturnType<TestServer["enrollOptions"]>
  >;

/** The whole addition. */
async function add(person: Person, key: TestSecurityKey, more: object = {}, twist: Twist = {}): Promise<Answer> {
  const { ceremony, options } = await begin(person);
  const credential = key.register(options, origin, twist);
  return await server.inSession(person, "POST", "/v1/credentials/add", { ceremony, credential, ...more });
}

const rename = (person: Person, id: string, name: unknown) =>
  server.inSession(person, "POST", "/v1/credentials/rename", { id, name });
const remove = (session: Pick<Person, "accessToken" | "dpop">, id: string, more: object = {}) =>
  server.inSession(session, "POST", "/v1/credentials/remove", { id, ...more });

describe("the list", () => {
  test("has every key with its model, its times, and which one opened this session", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    server.advance(60);
    await add(person, second, { product: "Blue Key" });
    const { status, headers, body } = await server.inSession(person, "GET", "/v1/credentials");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    const shared = {
      aaguid: "07070707-0707-0707-0707-070707070707",
      transports: ["usb"],
      backupEligible: false,
      backedUp: false,
    };
    const then = server.now() - 60;
    expect(body).toEqual({
      credentials: [
        {
          ...shared,
          id: person.key.id,
          name: "first",
          product: null,
          createdAt: then,
          lastUsedAt: then,
          thisSession: true,
        },
        {
          ...shared,
          id: second.id,
          name: "Blue Key",
          product: "Blue Key",
          createdAt: server.now(),
          lastUsedAt: null,
          thisSession: false,
        },
      ],
    });
    expect((await list(await login(second))).map(({ thisSession }) => thisSession)).toEqual([false, true]);
  });

  test("has nobody else's", async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    expect((await list(one)).map(({ id }) => id)).toEqual([one.key.id]);
    expect((await list(other)).map(({ id }) => id)).toEqual([other.key.id]);
  });
});

describe("the authorisation", () => {
  const listWith = async (headers: Record<string, string>) => server.send("/v1/credentials", { headers });

  test.each<[string, Record<string, unknown>]>([
    ["no ath", { ath: undefined }],
    ["the ath of another token", { ath: sha256("another") }],
    ["another method", { htm: "POST" }],
    ["the URL of another endpoint", { htu: `${origin}/v1/credentials/remove` }],
    ["the URL of the token endpoint", { htu: `${origin}/oauth/token` }],
    ["an old iat", { iat: 1_700_000_000 }],
  ])("is refused for a proof with %s", async (_name, claims) => {
    const person = await newPerson();
    const { status, headers, body } = await server.inSession(person, "GET", "/v1/credentials", undefined, claims);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe('DPoP error="invalid_dpop_proof", algs="ES256"');
    expect(body.error.code).toBe("access_denied");
  });

  test("is refused for a proof the second time", async () => {
    const { accessToken, dpop } = await newPerson();
    const claims = { ath: sha256(accessToken) };
    const proof = await dpop.proof({ method: "GET", url: `${origin}/v1/credentials`, now: server.now(), claims });
    const headers = { authorization: `DPoP ${accessToken}`, dpop: proof };
    const answers = await Promise.all([listWith(headers), listWith(headers), listWith(headers)]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 2 });
  });

  test("is refused for a token without its key, as for one that is not known", async () => {
    const person = await newPerson();
    const thief = { accessToken: person.accessToken, dpop: await DpopKey.generate() };
    const unknown = { accessToken: "A".repeat(43), dpop: person.dpop };
    const answers = await Promise.all(
      [thief, unknown].map((session) => server.inSession(session, "GET", "/v1/credentials")),
    );
    for (const { status, headers, body } of answers) {
      expect(status).toBe(401);
      expect(headers.get("www-authenticate")).toBe('DPoP error="invalid_token", algs="ES256"');
      expect(body.error).toMatchObject({ code: "login_needed", message: "Not logged in: the session is not known." });
    }
  });

  test.each(["", "Bearer TOKEN", "DPoP", "DPoP a b", `DPoP ${"A".repeat(300)}`, "DPoP é"])(
    'is refused for the header "%s"',
    async (authorization) => {
      const dpop = await (await DpopKey.generate()).proof({ method: "GET", url: `${origin}/v1/credentials`, now: 1 });
      const { status, body } = await listWith({ ...(authorization === "" ? {} : { authorization }), dpop });
      expect({ status, code: body.error.code }).toEqual({ status: 401, code: "login_needed" });
    },
  );

  test("is refused for an ID token in the place of the access token", async () => {
    const { accessToken, dpop } = await newPerson();
    const idToken = (await server.exchange(accessToken, dpop)).body.access_token as string;
    expect(decodeJwt(idToken).aud).toBe("sts.amazonaws.com");
    const { status } = await server.inSession({ accessToken: idToken, dpop }, "GET", "/v1/credentials");
    expect(status).toBe(401);
  });

  test("ends with the session: logged out, or after eight hours", async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    await server.form("/oauth/revoke", { token: one.accessToken });
    expect((await remove(one, one.key.id)).body.error.code).toBe("login_needed");
    server.advance(28_800);
    expect((await remove(other, other.key.id)).body.error.code).toBe("session_expired");
    expect(await server.store.credentials.find(other.key.id)).toBeDefined();
  });
});

describe("adding", () => {
  test("a key that logs its user in", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    const { status, body } = await add(person, second, { name: " drawer " });
    expect(status).toBe(200);
    expect(body.credential).toMatchObject({ id: second.id, name: "drawer", thisSession: false });
    const [one, two] = await Promise.all(
      [person, await login(second)].map(async ({ accessToken, dpop }) => {
        const exchanged = await server.exchange(accessToken, dpop);
        return decodeJwt(exchanged.body.access_token).sub;
      }),
    );
    expect(one).toBe(two!);
  });

  test("without a name it is called by its model, else by its product, numbered when taken", async () => {
    const person = await newPerson();
    const yubiKey = { aaguid: Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a") };
    for (const [more, twist] of [
      [{ product: "YubiKey FIDO" }, yubiKey],
      [{}, yubiKey],
      [{ product: "Odd Key" }, {}],
      [{ product: "Odd Key" }, {}],
      [{}, {}],
    ] as const) {
      expect((await add(person, new TestSecurityKey(), more, twist)).status).toBe(200);
    }
    expect((await list(person)).map(({ name }) => name).toSorted()).toEqual([
      "Odd Key",
      "Odd Key 2",
      "YubiKey 5 Series with NFC",
      "YubiKey 5 Series with NFC 2",
      "first",
      "security key",
    ]);
  });

  test("several at once get different names", async () => {
    const person = await newPerson();
    const keys = [1, 2, 3, 4].map(() => new TestSecurityKey());
    expect(statusCounts(await Promise.all(keys.map((key) => add(person, key))))).toEqual({ 200: 4 });
    expect(new Set((await list(person)).map(({ name }) => name)).size).toBe(5);
  });

  test("excludes the keys that the user has, and only those", async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const { options } = await begin(person);
    expect(options.excludeCredentials?.map(({ id }) => id)).toEqual([person.key.id]);
    expect((await begin(other)).options.excludeCredentials?.map(({ id }) => id)).toEqual([other.key.id]);
    const again = await add(person, person.key);
    expect(again).toMatchObject({ status: 409, body: { error: { code: "credential_excluded" } } });
  });

  test("a credential id of another user's is refused, and stays with its user", async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    expect((await add(person, other.key)).body.error.code).toBe("credential_excluded");
    expect((await server.store.credentials.find(other.key.id))?.user.email).toBe(other.email);
  });

  test("is refused when the challenge was another user's, a registration's, a login's, answered or too old", async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const finish = (by: Person, ceremony: string, options: Parameters<TestSecurityKey["register"]>[0]) =>
      server.inSession(by, "POST", "/v1/credentials/add", {
        ceremony,
        credential: new TestSecurityKey().register(options, origin),
      });
    const foreign = await begin(other);
    expect((await finish(person, foreign.ceremony, foreign.options)).status).toBe(403);
    // It is used up: its owner must begin again.
    expect((await finish(other, foreign.ceremony, foreign.options)).status).toBe(403);

    const enrolling = await server.enrollOptions(await server.invite(person.email));
    expect((await finish(person, enrolling.ceremony, enrolling.options)).status).toBe(403);
    const loggingIn = await server.loginOptions();
    const options = { ...enrolling.options, challenge: loggingIn.options.challenge };
    expect((await finish(person, loggingIn.ceremony, options)).status).toBe(403);

    const answered = await begin(person);
    expect((await finish(person, answered.ceremony, answered.options)).status).toBe(200);
    expect((await finish(person, answered.ceremony, answered.options)).body.error.message).toContain("finished before");
    const old = await begin(person);
    server.advance(300);
    expect((await finish(person, old.ceremony, old.options)).body.error.code).toBe("enrollment_denied");
  });

  test("an addition's challenge is none for an enrolment", async () => {
    const person = await newPerson();
    const { ceremony, options } = await begin(person);
    const code = await server.invite(person.email);
    const credential = new TestSecurityKey().register(options, origin);
    expect((await server.post("/v1/enroll", { ceremony, code, credential })).status).toBe(403);
  });

  test("is refused when the session has ended in between", async () => {
    const person = await newPerson();
    const { ceremony, options } = await begin(person);
    await server.form("/oauth/revoke", { token: person.accessToken });
    const key = new TestSecurityKey();
    const credential = key.register(options, origin);
    const answer = await server.inSession(person, "POST", "/v1/credentials/add", { ceremony, credential });
    expect(answer.status).toBe(401);
    expect(await server.store.credentials.find(key.id)).toBeUndefined();
  });

  test.each<[string, Twist]>([
    ["without user verification", { userVerified: false }],
    ["from another origin", { origin: "https://evil.example" }],
    ["with a forged attestation", { forged: true }],
  ])("is refused for an answer %s", async (_name, twist) => {
    const person = await newPerson();
    expect((await add(person, new TestSecurityKey(), {}, twist)).body.error.code).toBe("enrollment_denied");
    expect(await list(person)).toHaveLength(1);
  });

  test("a taken name is refused; the challenge is used up", async () => {
    const person = await newPerson();
    const answer = await add(person, new TestSecurityKey(), { name: "first" });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: "name_taken" } } });
    expect(await list(person)).toHaveLength(1);
  });

  test("a second key with a second code is the same user's, and a taken name gives the code back", async () => {
    const person = await newPerson();
    const code = await server.invite(person.email);
    const enrollAs = async (name: string) => {
      const { ceremony, options } = await server.enrollOptions(code);
      const credential = new TestSecurityKey().register(options, origin);
      return await server.post("/v1/enroll", { ceremony, code, credential, name });
    };
    expect(await enrollAs("first")).toMatchObject({ status: 409, body: { error: { code: "name_taken" } } });
    expect((await enrollAs("second")).body).toMatchObject({ user: person.email, name: "second" });
    expect((await list(person)).map(({ name }) => name).toSorted()).toEqual(["first", "second"]);
  });
});

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

describe("renaming", () => {
  test("to a name of up to 64 characters, of any script, its own included", async () => {
    const person = await newPerson();
    for (const name of ["second", "second", "Schlüssel 🔑", "x".repeat(64), "🔑".repeat(64)]) {
      expect(await rename(person, person.key.id, name)).toMatchObject({ status: 200, body: { name } });
      expect((await list(person))[0]?.name).toBe(name);
    }
  });

  test.each(badNames)("is refused to a name that is %s, also for a new key", async (_name, name) => {
    const person = await newPerson();
    expect(await rename(person, person.key.id, name)).toMatchObject({ status: 400 });
    expect((await add(person, new TestSecurityKey(), { name })).status).toBe(400);
    expect((await list(person)).map((key) => key.name)).toEqual(["first"]);
  });

  test("is refused to the name of another key, composed or decomposed", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    await add(person, second, { name: "caf\u00e9" });
    for (const name of ["caf\u00e9", "cafe\u0301"]) {
      expect((await rename(person, person.key.id, name)).body.error.code).toBe("name_taken");
    }
  });

  test("another user's key is not found, as one that does not exist", async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const answers = [await rename(person, other.key.id, "mine"), await rename(person, "AAAA", "mine")];
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[0]?.body).toEqual(answers[1]?.body);
    expect((await list(other))[0]?.name).toBe("first");
  });
});

describe("removing", () => {
  test("a key ends the sessions that it opened, here and elsewhere, and no others", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    await add(person, second);
    const [stolen, elsewhere] = [await login(second), await login(second)];
    expect(await remove(person, second.id)).toMatchObject({
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

  test("the key of this session ends this session", async () => {
    const person = await newPerson();
    await add(person, new TestSecurityKey());
    expect((await remove(person, person.key.id)).body).toEqual({ sessionsEnded: 1, thisSession: true });
    expect((await server.inSession(person, "GET", "/v1/credentials")).status).toBe(401);
  });

  test("a session of which it is not known what opened it ends with whatever key is removed", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    await add(person, second);
    const { user } = (await server.store.credentials.find(second.id))!;
    const database = new Database(server.database.replace("sqlite:", ""));
    database.run(`UPDATE sessions SET credential_id = NULL WHERE user_id = '${user.id}'`);
    database.close();
    expect((await remove(person, second.id)).body).toEqual({ sessionsEnded: 1, thisSession: true });
    expect((await server.inSession(person, "GET", "/v1/credentials")).status).toBe(401);
  });

  test("the last key is refused without `force`", async () => {
    const person = await newPerson();
    const refused = await remove(person, person.key.id);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "last_credential" } } });
    expect((await list(person)).map(({ id }) => id)).toEqual([person.key.id]);
    expect((await remove(person, person.key.id, { force: "yes" })).status).toBe(400);
    expect((await remove(person, person.key.id, { force: true })).body.thisSession).toBe(true);
    expect((await server.login(person.key, await DpopKey.generate())).body.error).toBe("invalid_grant");
    const code = await server.invite(person.email);
    const { options } = await server.enrollOptions(code);
    expect(options.excludeCredentials).toEqual([]);
  });

  test("another user's key is not found, as one that does not exist or is removed already, with and without `force`", async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const second = new TestSecurityKey();
    await add(person, second);
    await remove(person, second.id);
    const ids = [other.key.id, "AAAA", second.id];
    const answers = await Promise.all(ids.flatMap((id) => [remove(person, id), remove(person, id, { force: true })]));
    expect(statusCounts(answers)).toEqual({ 404: 6 });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
    expect((await list(person)).map(({ id }) => id)).toEqual([person.key.id]);
  });

  test("of two keys removed at once, in two sessions, one stays", async () => {
    for (let round = 0; round < 5; round++) {
      const person = await newPerson();
      const second = new TestSecurityKey();
      await add(person, second);
      const other = await login(second);
      const answers = await Promise.all([remove(person, second.id), remove(other, person.key.id)]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const left = await Promise.all([person.key.id, second.id].map((id) => server.store.credentials.find(id)));
      expect(left.filter(Boolean)).toHaveLength(1);
    }
  });

  test("one key removed twice at once is removed once", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    await add(person, second);
    const answers = await Promise.all([remove(person, second.id), remove(person, second.id)]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 404: 1 });
  });

  test("a login that was under way when its key was removed gives no session", async () => {
    const person = await newPerson();
    const second = new TestSecurityKey();
    await add(person, second);
    const dpop = await DpopKey.generate();
    const [removed, loggedIn] = await Promise.all([remove(person, second.id), server.login(second, dpop)]);
    expect(removed.status).toBe(200);
    if (loggedIn.status === 200) expect((await server.exchange(loggedIn.body.access_token, dpop)).status).toBe(400);
    else expect(loggedIn.body.error).toBe("invalid_grant");
  });
});

test("the log names user and path, and neither key nor name", async () => {
  const person = await newPerson();
  const second = new TestSecurityKey();
  server.logs.length = 0;
  await add(person, second, { name: "drawer-name" });
  await remove(person, second.id);
  const user = (await server.store.accounts.findUser(person.email))?.id ?? "";
  expect(server.logs).toMatchObject(
    ["add/options", "add", "remove"].map((path) => ({ path: `/v1/credentials/${path}`, status: 200, user })),
  );
  for (const secret of [second.id, "drawer-name", person.accessToken]) {
    expect(JSON.stringify(server.logs)).not.toContain(secret);
  }
});
