/** An ID token for publishing: for a touch of a security key within a session, and for nothing else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { decodeJwt } from "jose";
import { approveAdd, approveRemove, holder, login, newPerson, type Person, publishing } from "../person.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { type Answer, origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

const rateLimits = { enroll: 1e6, login: 1e6, token: 1e6 };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits });
});
afterAll(() => server.stop());

type Session = Pick<Person, "accessToken" | "dpop">;
interface Begun {
  ceremony: string;
  approval: PublicKeyCredentialRequestOptionsJSON;
}

const begin = async (by: Session, at = server): Promise<Begun> =>
  (await at.inSession(by, "POST", "/v1/publish/options", {})).body as Begun;
const finish = (by: Session, json: object, at = server): Promise<Answer> =>
  at.inSession(by, "POST", "/v1/publish", { holder, ...json });
/** The touch of a key, given for publishing. */
const touch = (key: TestSecurityKey, approval: Begun["approval"], twist: Twist = {}) =>
  key.authenticate(approval, origin, twist, publishing);

/** The whole of it, by a touch of the person's key. */
async function publish(person: Person, twist: Twist = { userVerified: false }, at = server): Promise<Answer> {
  const { ceremony, approval } = await begin(person, at);
  return finish(person, { ceremony, approval: touch(person.key, approval, twist) }, at);
}

const purposeIn = (idToken: string) => {
  const { principal_tags } = decodeJwt(idToken)["https://aws.amazon.com/tags"] as Record<
    string,
    Record<string, string[]>
  >;
  return principal_tags!["vouch:purpose"]?.join();
};
const denied = { status: 403, body: { error: { code: "login_denied" } } };

describe("a touch", () => {
  test("gives an ID token whose purpose is publishing, for the same subject", async () => {
    const person = await newPerson(server);
    const { status, body } = await publish(person);
    expect(status).toBe(200);
    expect(body.expiresIn).toBe(300);
    expect(purposeIn(body.idToken)).toBe("publish");
    const plain = decodeJwt((await server.exchange(person.accessToken, person.dpop)).body.access_token);
    const { sub, aud, iss } = decodeJwt(body.idToken);
    expect({ sub, aud, iss }).toEqual({ sub: plain.sub!, aud: plain.aud!, iss: plain.iss! });
  });

  test("is asked for without the PIN, of any key of the person", async () => {
    const person = await newPerson(server);
    const { approval } = await begin(person);
    expect(approval.userVerification).toBe("discouraged");
    expect(approval.allowCredentials?.map(({ id }) => id)).toEqual([person.key.id]);
  });

  test("is not enough where the server wants the PIN", async () => {
    const strict = await startTestServer({ rateLimits, publishVerification: "pin" });
    try {
      const person = await newPerson(strict);
      expect((await begin(person, strict)).approval.userVerification).toBe("required");
      expect(await publish(person, { userVerified: false }, strict)).toMatchObject(denied);
      expect((await publish(person, { userVerified: true }, strict)).status).toBe(200);
    } finally {
      await strict.stop();
    }
  });

  test("ends with the session, if that is sooner than five minutes", async () => {
    const person = await newPerson(server);
    server.advance(8 * 3600 - 30);
    const { body } = await publish(person);
    expect(body.expiresIn).toBe(30);
  });
});

describe("no ID token for publishing is given", () => {
  test.each<[string, Record<string, string>]>([
    ["a purpose", { purpose: "publish" }],
    ["a scope", { scope: "vouch:purpose=publish" }],
    ["tags", { "https://aws.amazon.com/tags": '{"principal_tags":{"vouch:purpose":["publish"]}}' }],
  ])("by token exchange that asks for %s", async (_, more) => {
    const { accessToken, dpop } = await newPerson(server);
    const { status, body } = await server.exchange(accessToken, dpop, more);
    expect(status).toBe(200);
    expect(purposeIn(body.access_token)).toBe("read");
  });

  test.each<[string, Twist]>([
    ["by no key of anybody", { forged: true }],
    ["without a touch", { userPresent: false }],
    ["without a touch but verified", { userPresent: false, userVerified: true }],
    ["from another origin", { origin: "https://evil.example" }],
    ["in a frame of another page", { embedding: { crossOrigin: true } }],
    ["for another rp.id", { rpId: "evil.example" }],
    ["with another challenge", { challenge: "AAAA" }],
    ["of another type", { type: "webauthn.create" }],
    ["with a counter that went back", { counter: 0 }],
    ["for another user", { userHandle: "AAAA" }],
    ["of a key that can be copied", { backupEligible: true }],
  ])("for an assertion %s", async (_, twist) => {
    expect(await publish(await newPerson(server), { userVerified: false, ...twist })).toMatchObject(denied);
  });

  test("for none, or one that is malformed", async () => {
    const person = await newPerson(server);
    for (const approval of [undefined, null, {}, "x", []]) {
      const { ceremony } = await begin(person);
      expect((await finish(person, { ceremony, approval })).status).toBe(400);
    }
  });

  test("after 60 seconds", async () => {
    const person = await newPerson(server);
    for (const [seconds, status] of [
      [59, 200],
      [60, 403],
    ] as const) {
      const { ceremony, approval } = await begin(person);
      server.advance(seconds);
      const answer = await finish(person, { ceremony, approval: touch(person.key, approval) });
      expect(answer.status).toBe(status);
    }
  });

  test("twice for one touch, also at once", async () => {
    const person = await newPerson(server, { counter: 0 });
    const { ceremony, approval } = await begin(person);
    const json = { ceremony, approval: touch(person.key, approval, { counter: 0 }) };
    expect(statusCounts(await Promise.all([1, 2, 3, 4].map(() => finish(person, json))))).toEqual({ 200: 1, 403: 3 });
  });

  test("for the touch of another session of the same person, or of another person", async () => {
    const [person, stranger] = [await newPerson(server), await newPerson(server)];
    const elsewhere = { ...person, ...(await login(server, person.key)) };
    for (const by of [elsewhere, stranger]) {
      const { ceremony, approval } = await begin(person);
      expect(await finish(by, { ceremony, approval: touch(person.key, approval) })).toMatchObject(denied);
    }
    // A ceremony of one session with the assertion of the other's.
    const [mine, theirs] = [await begin(person), await begin(elsewhere)];
    const approval = touch(person.key, theirs.approval);
    expect(await finish(person, { ceremony: mine.ceremony, approval })).toMatchObject(denied);
  });

  test("for a key that is not the person's", async () => {
    const [person, stranger] = [await newPerson(server), await newPerson(server)];
    for (const key of [stranger.key, new TestSecurityKey()]) {
      const { ceremony, approval } = await begin(person);
      expect(await finish(person, { ceremony, approval: touch(key, approval, { userHandle: "AAAA" }) })).toMatchObject(
        denied,
      );
    }
  });

  test("for the assertion of a login, of an addition or of a removal, and these for none of publishing", async () => {
    const person = await newPerson(server);
    const adding = (await server.inSession(person, "POST", "/v1/credentials/addition/options", {})).body;
    const removal = { id: person.key.id, force: true };
    const removing = (await server.inSession(person, "POST", "/v1/credentials/removal/options", removal)).body;
    const { ceremony: ofLogin, options } = await server.loginOptions();
    for (const [ceremony, request, deed] of [
      [ofLogin, options, undefined],
      [adding.ceremony, adding.approval, approveAdd(new TestSecurityKey())],
      [removing.ceremony, removing.approval, approveRemove(removal.id, "first", true)],
    ]) {
      const approval = person.key.authenticate(request, origin, {}, deed);
      expect(await finish(person, { ceremony, approval })).toMatchObject(denied);
      const { ceremony: ofPublishing } = await begin(person);
      expect(await finish(person, { ceremony: ofPublishing, approval })).toMatchObject(denied);
    }
    const { ceremony, approval: request } = await begin(person);
    const approval = touch(person.key, request);
    const removed = await server.inSession(person, "POST", "/v1/credentials/removal", {
      ...removal,
      ceremony,
      approval,
    });
    expect(removed.status).toBe(403);
    const { body } = await server.form(
      "/oauth/token",
      {
        grant_type: "urn:vouch:params:oauth:grant-type:webauthn",
        ceremony,
        credential: JSON.stringify(approval),
      },
      { dpop: await server.proof(person.dpop) },
    );
    expect(body.error).toBe("invalid_grant");
  });

  test.each<[string, (person: Person, id: string) => Promise<unknown>]>([
    ["has logged out", ({ accessToken }) => server.form("/oauth/revoke", { token: accessToken })],
    ["was ended by its user", (person) => server.inSession(person, "POST", "/v1/sessions/end", { which: "all" })],
    [
      "belongs to somebody who is disabled",
      async (person, id) =>
        server.store.accounts.setDisabled((await server.store.credentials.find(id))!.user.id, server.now()),
    ],
    ["has expired", async () => server.advance(8 * 3600)],
  ])("once the session %s, also for a touch from before", async (_, end) => {
    const person = await newPerson(server);
    const { ceremony, approval } = await begin(person);
    await end(person, person.key.id);
    expect((await finish(person, { ceremony, approval: touch(person.key, approval) })).status).toBe(401);
    expect((await server.inSession(person, "POST", "/v1/publish/options", {})).status).toBe(401);
  });

  test.each<[string, Record<string, unknown>]>([
    ["of another path", { htu: `${origin}/v1/publish/options` }],
    ["of another method", { htm: "GET" }],
    ["without ath", { ath: undefined }],
    ["of another access token", { ath: "AAAA" }],
    ["that is old", { iat: 1_700_000_000 }],
  ])("for a DPoP proof %s", async (_, claims) => {
    const person = await newPerson(server);
    const { ceremony, approval } = await begin(person);
    const json = { ceremony, approval: touch(person.key, approval), holder };
    expect((await server.inSession(person, "POST", "/v1/publish", json, claims)).status).toBe(401);
  });

  test("with another DPoP key than the session's", async () => {
    const [person, thief] = [await newPerson(server), await newPerson(server)];
    const { ceremony, approval } = await begin(person);
    const json = { ceremony, approval: touch(person.key, approval), holder };
    expect((await finish({ accessToken: person.accessToken, dpop: thief.dpop }, json)).status).toBe(401);
  });
});
