/** What an ID token says to AWS: who, by which key, for what; nothing personal unless the server is asked to. */
import { describe, expect, spyOn, test } from "bun:test";
import { decodeJwt } from "jose";
import { awsClaims } from "../../../src/server/oauth/session-tags.ts";
import { GroupStore } from "../../../src/server/store/people/groups.ts";
import { holder, newPerson, type Person, publishing } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";

const tags = "https://aws.amazon.com/tags";
const sourceIdentity = "https://aws.amazon.com/source_identity";

async function claimsOf(server: TestServer) {
  const person = await newPerson(server);
  const idToken: string = (await server.exchange(person.accessToken, person.dpop)).body.access_token;
  return { person, claims: decodeJwt<Record<string, unknown>>(idToken) };
}

describe("an ID token", () => {
  test("names the person by their id, which has the form of a session's name, and the key that logged in", async () => {
    const server = await startTestServer();
    const { person, claims } = await claimsOf(server);
    await server.stop();
    expect(claims.sub).toMatch(/^[\w+=,.@-]{6,64}$/);
    expect(claims[sourceIdentity]).toBe(claims.sub);
    expect(claims[tags]).toEqual({
      principal_tags: { "vouch:sub": [claims.sub], "vouch:key": [person.key.id], "vouch:purpose": ["read"] },
      transitive_tag_keys: ["vouch:sub", "vouch:key", "vouch:purpose"],
    });
  });

  test("has the address as a tag where the server is asked to", async () => {
    const server = await startTestServer({ tagEmail: true });
    const { claims } = await claimsOf(server);
    await server.stop();
    expect(claims[tags]).toMatchObject({
      principal_tags: { "vouch:email": [claims["email"]] },
      transitive_tag_keys: ["vouch:sub", "vouch:key", "vouch:purpose", "vouch:email"],
    });
  });
});

describe("groups", () => {
  const grouped = async (announced: string[], act: (server: TestServer, person: Person) => Promise<string>) => {
    const server = await startTestServer({ tagGroups: announced });
    const person = await newPerson(server);
    const { id } = (await server.store.accounts.findUser(person.email))!;
    for (const name of ["platform", "Team A", "secret"]) {
      const group = (await server.store.groups.create(name, "local", server.now()))!;
      await server.store.groups.join(group.id, id, "local");
      await server.store.groups.join(group.id, id, "sso");
    }
    await server.store.groups.create("data", "local", server.now());
    try {
      return decodeJwt<Record<string, { principal_tags: Record<string, string[]>; transitive_tag_keys: string[] }>>(
        await act(server, person),
      )[tags]!;
    } finally {
      await server.stop();
    }
  };
  const toRead = async (server: TestServer, { accessToken, dpop }: Person) =>
    (await server.exchange(accessToken, dpop)).body.access_token as string;
  const toPublish = async (server: TestServer, person: Person) => {
    const { ceremony, approval: request } = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
    const approval = person.key.authenticate(request, origin, {}, publishing);
    return (await server.inSession(person, "POST", "/v1/publish", { ceremony, approval, holder })).body
      .idToken as string;
  };

  test.each([
    ["to read", toRead],
    ["to publish", toPublish],
  ])(
    "that are announced are tags of a token %s, whether the person is in them or not, and transitive",
    async (_for, act) => {
      const { principal_tags: given, transitive_tag_keys: transitive } = await grouped(
        ["data", "Team A", "platform"],
        act,
      );
      const own = Object.entries(given).filter(([name]) => name.startsWith("vouch:group:"));
      expect(own).toEqual([
        ["vouch:group:data", ["false"]],
        ["vouch:group:Team A", ["true"]],
        ["vouch:group:platform", ["true"]],
      ]);
      expect(transitive).toEqual(Object.keys(given));
    },
  );

  test("are no tags, and not read, where none is announced", async () => {
    let reads = 0;
    const spied = async (server: TestServer, person: Person) => {
      const { prototype } = GroupStore;
      const spy = spyOn(prototype, "namesOfUser");
      const token = await toRead(server, person);
      reads = spy.mock.calls.length;
      spy.mockRestore();
      return token;
    };
    const { principal_tags: given } = await grouped([], spied);
    expect(Object.keys(given)).toEqual(["vouch:sub", "vouch:key", "vouch:purpose"]);
    expect(reads).toBe(0);
  });

  test("that a person left are in no later token", async () => {
    const left = async (server: TestServer, person: Person) => {
      const before = await toRead(server, person);
      expect(JSON.stringify(decodeJwt(before))).toContain('"vouch:group:platform":["true"]');
      const { id } = (await server.store.accounts.findUser(person.email))!;
      const group = (await server.store.groups.findByName("platform"))!;
      await server.store.groups.leave(group.id, id, "local");
      await server.store.groups.leave(group.id, id, "sso");
      return toRead(server, person);
    };
    const { principal_tags: given } = await grouped(["platform"], left);
    expect(given["vouch:group:platform"]).toEqual(["false"]);
  });
});

describe("a tag", () => {
  const given = { subject: "user-0001", credentialId: "a2V5", purpose: "read" } as const;
  const tagsOf = (change: object) =>
    (
      awsClaims({ ...given, email: undefined, groups: [], ...change })[tags] as {
        principal_tags: Record<string, string[]>;
      }
    ).principal_tags;

  test.each([
    ["dev@example.com", ["dev@example.com"]],
    ["jürgen@example.com", ["jürgen@example.com"]],
    ["o'brien@example.com", undefined],
    [`${"a".repeat(250)}@x.example`, undefined],
    [undefined, undefined],
  ])("with the address %p is %p", (email, value) => expect(tagsOf({ email })["vouch:email"]).toEqual(value));

  test("with a long credential id is its hash", () => {
    expect(tagsOf({ credentialId: "A".repeat(256) })["vouch:key"]).toEqual(["A".repeat(256)]);
    expect(tagsOf({ credentialId: "A".repeat(257) })["vouch:key"]).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  });
});
