/** What an ID token says to AWS: who, by which key, for what; nothing personal unless the server is asked to. */
import { describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { awsClaims } from "../../../src/server/oauth/session-tags.ts";
import { newPerson } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

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

describe("a tag", () => {
  const given = { subject: "user-0001", credentialId: "a2V5", purpose: "read" } as const;
  const tagsOf = (change: object) =>
    (awsClaims({ ...given, email: undefined, ...change })[tags] as { principal_tags: Record<string, string[]> })
      .principal_tags;

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
