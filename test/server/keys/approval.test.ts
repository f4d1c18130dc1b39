/** A stolen laptop: its session, with its DPoP key, neither adds a key nor removes one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  add,
  addKey,
  approveAdd,
  approveRemove,
  begin,
  list,
  newPerson,
  type Person,
  remove,
  rename,
} from "../person.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
let person: Person;
let second: TestSecurityKey;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterAll(() => server.stop());

const adding = async () => {
  const { ceremony, options, approval } = await begin(server, person);
  const key = new TestSecurityKey();
  return {
    ceremony,
    options,
    request: approval,
    json: { ceremony, credential: key.register(options, origin, {}, addKey) },
  };
};
const removing = async () => {
  const removal = { id: second.id, force: false };
  const { body } = await server.inSession(person, "POST", "/v1/credentials/remove/options", removal);
  return { ceremony: body.ceremony, request: body.approval, json: { ceremony: body.ceremony, ...removal } };
};

describe.each([
  ["adding", "/v1/credentials/add", adding, () => approveAdd],
  ["removing", "/v1/credentials/remove", removing, () => approveRemove(second.id)],
] as const)("%s a key", (_name, path, start, deed) => {
  const send = (json: object) => server.inSession(person, "POST", path, json);
  const unchanged = async () =>
    expect((await list(server, person)).map(({ id }) => id).toSorted()).toEqual([person.key.id, second.id].toSorted());

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
    const { options: login } = await server.loginOptions();
    const [first, another] = [await start(), await start()];
    for (const request of [login, first.request]) {
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

  test("is refused in another person's session, and after five minutes", async () => {
    const other = await newPerson(server);
    const { request, json } = await start();
    const approval = person.key.authenticate(request, origin, {}, deed());
    expect((await server.inSession(other, "POST", path, { ...json, approval })).status).toBe(403);
    const late = await start();
    server.advance(300);
    expect(
      (await send({ ...late.json, approval: person.key.authenticate(late.request, origin, {}, deed()) })).status,
    ).toBe(403);
    await unchanged();
  });
});

test("an approval is bound to the key, the name and the force that were shown", async () => {
  const { request, json } = await removing();
  const approval = second.authenticate(request, origin, {}, approveRemove(person.key.id));
  const other = { ...json, id: person.key.id, approval };
  expect((await server.inSession(person, "POST", "/v1/credentials/remove", other)).status).toBe(403);
  const forced = await removing();
  const force = {
    ...forced.json,
    force: true,
    approval: person.key.authenticate(forced.request, origin, {}, approveRemove(second.id)),
  };
  expect((await server.inSession(person, "POST", "/v1/credentials/remove", force)).status).toBe(403);
  const named = await adding();
  const name = {
    ...named.json,
    name: "other",
    approval: person.key.authenticate(named.request, origin, {}, approveAdd),
  };
  expect((await server.inSession(person, "POST", "/v1/credentials/add", name)).status).toBe(403);
  expect(await list(server, person)).toHaveLength(2);
});

test("the key to be removed may approve; a login's ceremony takes no approval; renaming needs the session alone", async () => {
  expect((await rename(server, person, second.id, "renamed")).status).toBe(200);
  expect((await remove(server, { ...person, key: second }, second.id)).status).toBe(200);
  expect((await list(server, person)).map(({ id }) => id)).toEqual([person.key.id]);
});
