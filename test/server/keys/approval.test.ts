/** A stolen laptop: its session, with its DPoP key, neither adds, renames nor removes a key, and an approval is for one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  add,
  addKey,
  approveAdd,
  approveRemove,
  approveRename,
  begin,
  list,
  login,
  newPerson,
  type Person,
  remove,
  rename,
} from "../person.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
let person: Person;
/** Enrolled, and called "security key". */
let second: TestSecurityKey;
/** The one that is added. */
let third = new TestSecurityKey();
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

const adding = async () => {
  const { ceremony, options, approval } = await begin(server, person);
  third = new TestSecurityKey();
  return {
    ceremony,
    options,
    request: approval,
    json: { ceremony, credential: third.register(options, origin, {}, addKey) },
  };
};
const renaming = async () => {
  const change = { id: second.id, name: "pocket" };
  const { body } = await server.inSession(person, "POST", "/v1/credentials/renaming/options", change);
  return { ceremony: body.ceremony, request: body.approval, json: { ceremony: body.ceremony, ...change } };
};
const removing = async () => {
  const removal = { id: second.id, force: false };
  const { body } = await server.inSession(person, "POST", "/v1/credentials/removal/options", removal);
  return { ceremony: body.ceremony, request: body.approval, json: { ceremony: body.ceremony, ...removal } };
};

describe.each([
  ["adding", "/v1/credentials/addition", adding, () => approveAdd(third)],
  ["renaming", "/v1/credentials/renaming", renaming, () => approveRename(second.id, "security key", "pocket")],
  ["removing", "/v1/credentials/removal", removing, () => approveRemove(second.id, "security key")],
] as const)("%s a key", (_name, path, start, deed) => {
  const send = (json: object) => server.inSession(person, "POST", path, json);
  const unchanged = async () =>
    expect((await list(server, person)).map(({ id, name }) => `${name} ${id}`).toSorted()).toEqual([
      `first ${person.key.id}`,
      `security key ${second.id}`,
    ]);

  test("needs an approval", async () => {
    person = await newPerson(server);
    second = new TestSecurityKey();
    expect((await add(server, person, second)).status).toBe(200);
    const { json } = await start();
    expect(
      statusCounts([await send(json), await send({ ...json, approval: null }), await send({ ...json, approval: {} })]),
    ).toEqual({
      400: 3,
    });
    await unchanged();
  });

  test.each<[string, Twist]>([
    ["by no key of anybody", { forged: true }],
    ["without user verification", { userVerified: false }],
    ["without a touch", { userPresent: false }],
    ["from another origin", { origin: "https://evil.example" }],
    ["for another rp.id", { rpId: "evil.example" }],
    ["with another challenge", { challenge: "AAAA" }],
    ["of another type", { type: "webauthn.create" }],
    ["with a counter that went back", { counter: 0 }],
    ["for another user", { userHandle: "AAAA" }],
  ])("is refused with an assertion %s", async (_twist, twist) => {
    const { request, json } = await start();
    const answer = await send({ ...json, approval: person.key.authenticate(request, origin, twist, deed()) });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "login_denied" } } });
    await unchanged();
  });

  test("is refused with an assertion by a key that is not the person's", async () => {
    const other = await newPerson(server);
    for (const key of [other.key, new TestSecurityKey()]) {
      const { request, json } = await start();
      expect(
        (await send({ ...json, approval: key.authenticate(request, origin, { userHandle: "AAAA" }, deed()) })).status,
      ).toBe(403);
    }
    await unchanged();
  });

  test("is refused with the assertion of a login, of another ceremony, and with one used before", async () => {
    const { options: loggingIn } = await server.loginOptions();
    const [first, another] = [await start(), await start()];
    for (const request of [loggingIn, first.request]) {
      const { json } = await start();
      expect((await send({ ...json, approval: person.key.authenticate(request, origin, {}, deed()) })).status).toBe(
        403,
      );
    }
    const approval = person.key.authenticate(another.request, origin, {}, deed());
    const wrong = await send({ ...another.json, ceremony: first.ceremony, approval });
    expect(wrong.status).toBe(403);
    await unchanged();
  });

  test("is refused in another person's session, in another one of the person's own, and after five minutes", async () => {
    const others = [await newPerson(server), await login(server, person.key)];
    for (const other of others) {
      const { request, json } = await start();
      const approval = person.key.authenticate(request, origin, {}, deed());
      expect((await server.inSession(other, "POST", path, { ...json, approval })).status).toBe(403);
    }
    const late = await start();
    server.advance(300);
    expect(
      (await send({ ...late.json, approval: person.key.authenticate(late.request, origin, {}, deed()) })).status,
    ).toBe(403);
    await unchanged();
  });
});

describe("the approval of a new key", () => {
  const finish = (json: object) => server.inSession(person, "POST", "/v1/credentials/addition", json);
  const refused = { status: 403, body: { error: { code: "login_denied" } } };
  beforeAll(async () => {
    person = await newPerson(server);
    second = new TestSecurityKey();
    expect((await add(server, person, second)).status).toBe(200);
  });
  afterEach(async () => expect(await list(server, person)).toHaveLength(2));

  test("is of no use to another key that was registered for the same challenge", async () => {
    const { request, options, json } = await adding();
    const approval = person.key.authenticate(request, origin, {}, approveAdd(third));
    const thief = new TestSecurityKey();
    const credential = thief.register(options, origin, {}, addKey);
    expect(await finish({ ...json, credential, approval })).toMatchObject(refused);
    expect(await server.store.credentials.find(thief.id)).toBeUndefined();
    // The ceremony is used up: the person's own key is not added by it either.
    expect(await finish({ ...json, approval })).toMatchObject({ status: 403 });
  });

  test("is not given by the new key itself", async () => {
    const { request, json } = await adding();
    const approval = third.authenticate(request, origin, {}, approveAdd(third));
    expect(await finish({ ...json, approval })).toMatchObject(refused);
  });

  test("does not go with the registration of another ceremony, nor of another session", async () => {
    const mine = await adding();
    const approval = person.key.authenticate(mine.request, origin, {}, approveAdd(third));
    const elsewhere = { ...person, ...(await login(server, person.key)) };
    for (const { options } of [await begin(server, person), await begin(server, elsewhere)]) {
      const { ceremony } = mine;
      const credential = third.register(options, origin, {}, addKey);
      const answer = await finish({ ceremony, credential, approval });
      expect(answer).toMatchObject({ status: 403, body: { error: { code: "enrollment_denied" } } });
    }
  });

  test("is for the name that was given, and for none where none was", async () => {
    const { request, json } = await adding();
    const approval = person.key.authenticate(request, origin, {}, approveAdd(third));
    expect(await finish({ ...json, name: "other", approval })).toMatchObject(refused);
    const { ceremony, options, approval: named } = await begin(server, person, "drawer");
    const key = new TestSecurityKey();
    const credential = key.register(options, origin, {}, addKey);
    const unnamed = person.key.authenticate(named, origin, {}, approveAdd(key));
    expect(await finish({ ceremony, credential, name: "drawer", approval: unnamed })).toMatchObject(refused);
  });
});

describe("the approval of a change", () => {
  beforeEach(async () => {
    person = await newPerson(server);
    second = new TestSecurityKey();
    expect((await add(server, person, second)).status).toBe(200);
  });

  test("is bound to the key and the force that were shown", async () => {
    const { request, json } = await removing();
    const approval = second.authenticate(request, origin, {}, approveRemove(person.key.id, "first"));
    const other = { ...json, id: person.key.id, approval };
    expect((await server.inSession(person, "POST", "/v1/credentials/removal", other)).status).toBe(403);
    const forced = await removing();
    const force = {
      ...forced.json,
      force: true,
      approval: person.key.authenticate(forced.request, origin, {}, approveRemove(second.id, "security key", true)),
    };
    expect((await server.inSession(person, "POST", "/v1/credentials/removal", force)).status).toBe(403);
    expect(await list(server, person)).toHaveLength(2);
  });

  test("removes no key that is called otherwise than the person was shown", async () => {
    const { request, json } = await removing();
    const approval = person.key.authenticate(request, origin, {}, approveRemove(second.id, "first"));
    const answer = await server.inSession(person, "POST", "/v1/credentials/removal", { ...json, approval });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "login_denied" } } });
    // Nor one that got another name since.
    const begun = await removing();
    const given = person.key.authenticate(begun.request, origin, {}, approveRemove(second.id, "security key"));
    expect((await rename(server, person, second.id, "pocket")).status).toBe(200);
    const late = await server.inSession(person, "POST", "/v1/credentials/removal", { ...begun.json, approval: given });
    expect(late.status).toBe(403);
    expect((await list(server, person)).map(({ name }) => name)).toEqual(["first", "pocket"]);
  });

  test("covers the name as it is shown, where the kept one has invisible characters", async () => {
    expect((await rename(server, person, second.id, "drawer\u200d")).status).toBe(200);
    const { request, json } = await removing();
    const approval = person.key.authenticate(request, origin, {}, approveRemove(second.id, "drawer\ufffd"));
    const answer = await server.inSession(person, "POST", "/v1/credentials/removal", { ...json, approval });
    expect(answer.status).toBe(200);
  });

  test("may be given by the key that is to be removed", async () => {
    expect((await remove(server, { ...person, key: second }, second.id)).status).toBe(200);
    expect((await list(server, person)).map(({ id }) => id)).toEqual([person.key.id]);
  });
});

test.each(["add/options", "rename", "remove/options"])(
  "an older vouch, which begins by %s, is told to update before any key is touched",
  async (path) => {
    const answer = await server.inSession(await newPerson(server), "POST", `/v1/credentials/${path}`, {});
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "enrollment_denied" } } });
    expect(answer.body.error.message).toContain("This vouch is older than the Vouch server");
  },
);
