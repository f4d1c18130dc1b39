/** A person's own security keys: the list, and adding to it; every way in which an addition is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { add, addKey, approveAdd, begin, list, login, newPerson, type Person } from "../person.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

type Begun = Awaited<ReturnType<typeof begin>>;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

test("nobody has more than a hundred keys: the next one is refused before anything is touched, and at the end", async () => {
  const person = await newPerson(server);
  const { credential, user } = (await server.store.credentials.find(person.key.id))!;
  const begun = await begin(server, person);
  for (let number = 1; number < 100; number++) {
    await server.store.credentials.add({ ...credential, id: new TestSecurityKey().id, name: `key ${number}` });
  }
  const refused = {
    status: 403,
    body: { error: expect.objectContaining({ code: "enrollment_denied", message: expect.stringContaining("100") }) },
  };
  expect(await server.inSession(person, "POST", "/v1/credentials/addition/options", {})).toMatchObject(refused);
  const added = begun.options;
  const key = new TestSecurityKey();
  const answer = await server.inSession(person, "POST", "/v1/credentials/addition", {
    ceremony: begun.ceremony,
    approval: person.key.authenticate(begun.approval, origin, {}, approveAdd(key, {})),
    credential: key.register(added, origin, {}, addKey),
  });
  expect(answer).toMatchObject(refused);
  const code = await server.invite(user.email);
  expect(await server.post("/v1/enroll/options", { code })).toMatchObject(refused);
  expect(await list(server, person)).toHaveLength(100);
});

describe("the list of a person's keys", () => {
  test("has each key with its model, its times, and which one opened this session", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    server.advance(60);
    await add(server, person, second, { product: "Blue Key" });
    const { status, headers, body } = await server.inSession(person, "GET", "/v1/credentials");
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    const shared = {
      aaguid: "07070707-0707-0707-0707-070707070707",
      transports: ["usb"],
      backupEligible: false,
      backedUp: false,
      builtIn: false,
      proof: null,
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
          // It has approved the addition of the other.
          lastUsedAt: server.now(),
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
    expect((await list(server, await login(server, second))).map(({ thisSession }) => thisSession)).toEqual([
      false,
      true,
    ]);
  });

  test("has nobody else's keys", async () => {
    const [one, other] = [await newPerson(server), await newPerson(server)];
    expect((await list(server, one)).map(({ id }) => id)).toEqual([one.key.id]);
    expect((await list(server, other)).map(({ id }) => id)).toEqual([other.key.id]);
  });
});

describe("adding a key", () => {
  test("lets it log its user in", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    const { status, body } = await add(server, person, second, { name: " drawer " });
    expect(status).toBe(200);
    expect(body.credential).toMatchObject({ id: second.id, name: "drawer", thisSession: false });
    const [one, two] = await Promise.all(
      [person, await login(server, second)].map(async ({ accessToken, dpop }) => {
        const exchanged = await server.exchange(accessToken, dpop);
        return decodeJwt(exchanged.body.access_token).sub;
      }),
    );
    expect(one).toBe(two);
  });

  test("without a name names it after its model, else its product, numbered when taken", async () => {
    const person = await newPerson(server);
    const yubiKey = { aaguid: Uint8Array.fromHex("2fc0579f811347eab116bb5a8db9202a") };
    for (const [more, twist] of [
      [{ product: "YubiKey FIDO" }, yubiKey],
      [{}, yubiKey],
      [{ product: "Odd Key" }, {}],
      [{ product: "Odd Key" }, {}],
      [{}, {}],
    ] as const) {
      expect((await add(server, person, new TestSecurityKey(), more, twist)).status).toBe(200);
    }
    expect((await list(server, person)).map(({ name }) => name).toSorted()).toEqual([
      "Odd Key",
      "Odd Key 2",
      "YubiKey 5 Series with NFC",
      "YubiKey 5 Series with NFC 2",
      "first",
      "security key",
    ]);
  });

  test("several times at once gives different names", async () => {
    const person = await newPerson(server, { counter: 0 });
    const keys = [1, 2, 3, 4].map(() => new TestSecurityKey());
    expect(statusCounts(await Promise.all(keys.map((key) => add(server, person, key))))).toEqual({ 200: 4 });
    expect(new Set((await list(server, person)).map(({ name }) => name)).size).toBe(5);
  });

  test("excludes the keys that the user has, and only those", async () => {
    const [person, other] = [await newPerson(server), await newPerson(server)];
    const { options } = await begin(server, person);
    expect(options.excludeCredentials?.map(({ id }) => id)).toEqual([person.key.id]);
    expect((await begin(server, other)).options.excludeCredentials?.map(({ id }) => id)).toEqual([other.key.id]);
    const again = await add(server, person, person.key);
    expect(again).toMatchObject({ status: 409, body: { error: { code: "credential_excluded" } } });
  });

  test("with a credential id of another user's is refused, and the key stays that user's", async () => {
    const [person, other] = [await newPerson(server), await newPerson(server)];
    expect((await add(server, person, other.key)).body.error.code).toBe("credential_excluded");
    expect((await server.store.credentials.find(other.key.id))?.user.email).toBe(other.email);
  });

  test("is refused when the challenge was another user's, a registration's, a login's, answered or too old", async () => {
    const [person, other] = [await newPerson(server), await newPerson(server)];
    const { approval: requestOptions } = await begin(server, person);
    const finish = (
      by: Person,
      { ceremony, options, approval = requestOptions }: Partial<Begun> & Pick<Begun, "ceremony" | "options">,
    ) => {
      const key = new TestSecurityKey();
      return server.inSession(by, "POST", "/v1/credentials/addition", {
        ceremony,
        approval: by.key.authenticate(approval, origin, {}, approveAdd(key)),
        credential: key.register(options, origin, {}, addKey),
      });
    };
    const foreign = await begin(server, other);
    expect((await finish(person, foreign)).status).toBe(403);
    // It is used up: its owner must begin again.
    expect((await finish(other, foreign)).status).toBe(403);

    const enrolling = await server.enrollOptions(await server.invite(person.email));
    expect((await finish(person, enrolling)).status).toBe(403);
    const loggingIn = await server.loginOptions();
    const options = { ...enrolling.options, challenge: loggingIn.options.challenge };
    expect((await finish(person, { ceremony: loggingIn.ceremony, options })).status).toBe(403);

    const answered = await begin(server, person);
    expect((await finish(person, answered)).status).toBe(200);
    expect((await finish(person, answered)).body.error.message).toContain("finished before");
    const old = await begin(server, person);
    server.advance(300);
    expect((await finish(person, old)).body.error.code).toBe("enrollment_denied");
  });

  test("uses a challenge that is not accepted for an enrolment", async () => {
    const person = await newPerson(server);
    const { ceremony, options } = await begin(server, person);
    const code = await server.invite(person.email);
    const credential = new TestSecurityKey().register(options, origin);
    expect((await server.post("/v1/enroll", { ceremony, code, credential })).status).toBe(403);
  });

  test("is refused when the session has ended in between", async () => {
    const person = await newPerson(server);
    const { ceremony, options, approval: request } = await begin(server, person);
    const key = new TestSecurityKey();
    const approval = person.key.authenticate(request, origin, {}, approveAdd(key));
    await server.form("/oauth/revoke", { token: person.accessToken });
    const credential = key.register(options, origin, {}, addKey);
    const answer = await server.inSession(person, "POST", "/v1/credentials/addition", {
      ceremony,
      approval,
      credential,
    });
    expect(answer.status).toBe(401);
    expect(await server.store.credentials.find(key.id)).toBeUndefined();
  });

  test.each<[string, Twist]>([
    ["without user verification", { userVerified: false }],
    ["from another origin", { origin: "https://evil.example" }],
    ["with a forged attestation", { forged: true }],
  ])("is refused for an answer %s", async (_name, twist) => {
    const person = await newPerson(server);
    expect((await add(server, person, new TestSecurityKey(), {}, twist)).body.error.code).toBe("enrollment_denied");
    expect(await list(server, person)).toHaveLength(1);
  });

  test("with a taken name is refused at the beginning already, and at the end", async () => {
    const person = await newPerson(server);
    const early = [
      await server.inSession(person, "POST", "/v1/credentials/addition/options", { name: "first" }),
      await server.post("/v1/enroll/options", { code: await server.invite(person.email), name: "first" }),
    ];
    for (const answer of early) expect(answer).toMatchObject({ status: 409, body: { error: { code: "name_taken" } } });
    expect((await server.inSession(person, "POST", "/v1/credentials/addition/options", { name: "free" })).status).toBe(
      200,
    );
    const answer = await add(server, person, new TestSecurityKey(), { name: "first" });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: "name_taken" } } });
    expect(await list(server, person)).toHaveLength(1);
  });

  test("by a second code gives it to the same user, and a taken name returns the code", async () => {
    const person = await newPerson(server);
    const code = await server.invite(person.email);
    const enrollAs = async (name: string) => {
      const { ceremony, options } = await server.enrollOptions(code);
      const credential = new TestSecurityKey().register(options, origin);
      return await server.post("/v1/enroll", { ceremony, code, credential, name });
    };
    expect(await enrollAs("first")).toMatchObject({ status: 409, body: { error: { code: "name_taken" } } });
    expect((await enrollAs("second")).body).toMatchObject({ user: person.email, name: "second" });
    expect((await list(server, person)).map(({ name }) => name).toSorted()).toEqual(["first", "second"]);
  });
});
