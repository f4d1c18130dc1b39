/** The way of a user: enrol, log in, exchange, log out; and every way in which an assertion is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { DpopKey } from "./dpop-key.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { type Answer, email, origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

describe("the whole flow of the server", () => {
  test("enrols, logs in, gives an ID token that the published keys verify, and logs out", async () => {
    const key = new TestSecurityKey();
    const dpop = await DpopKey.generate();
    const enrolled = await server.enroll(key);
    expect(enrolled.body).toEqual({ user: email, credentialId: key.id, name: "security key" });

    const login = await server.login(key, dpop);
    expect(login.status).toBe(200);
    expect(login.headers.get("cache-control")).toBe("no-store");
    expect(login.body).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      token_type: "DPoP",
      expires_in: 28_800,
      user: email,
    });

    const exchanged = await server.exchange(login.body.access_token, dpop);
    expect(exchanged.body).toEqual({
      access_token: expect.any(String),
      issued_token_type: "urn:ietf:params:oauth:token-type:id_token",
      token_type: "N_A",
      expires_in: 300,
    });
    const jwks = createRemoteJWKSet(new URL(`${server.base}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(exchanged.body.access_token, jwks, {
      issuer: origin,
      audience: "sts.amazonaws.com",
      algorithms: ["ES256"],
      currentDate: new Date(server.now() * 1000),
    });
    expect(protectedHeader.kid).toBeString();
    expect(payload).toEqual({
      iss: origin,
      aud: "sts.amazonaws.com",
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email,
      iat: server.now(),
      exp: server.now() + 300,
      auth_time: server.now(),
      jti: expect.any(String),
      amr: ["pop", "user", "mfa"],
      "https://aws.amazon.com/source_identity": payload.sub!,
      "https://aws.amazon.com/tags": expect.any(Object),
    });

    expect((await server.form("/oauth/revoke", { token: login.body.access_token })).status).toBe(200);
    const after = await server.exchange(login.body.access_token, dpop);
    expect(after.status).toBe(400);
    expect(after.body).toEqual({ error: "invalid_grant", error_description: "The session was revoked." });
  });

  test("gives a second key of the same user the same sub, and excludes the first from enrolling again", async () => {
    const [first, second] = [new TestSecurityKey(), new TestSecurityKey()];
    await server.enroll(first);
    const { options } = await server.enrollOptions(await server.invite());
    expect(options.excludeCredentials?.map(({ id }) => id)).toContain(first.id);
    await server.enroll(second);
    const subjects = await Promise.all(
      [first, second].map(async (key) => {
        const dpop = await DpopKey.generate();
        const { body } = await server.login(key, dpop);
        const idToken = (await server.exchange(body.access_token, dpop)).body.access_token as string;
        return JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString()).sub;
      }),
    );
    expect(subjects[0]).toBe(subjects[1]);
  });

  test("asks for an ES256 credential, discoverable where there is room, with user verification on this host", async () => {
    const { options: creation } = await server.enrollOptions(await server.invite());
    expect(creation).toMatchObject({
      rp: { id: "vouch.example.com", name: "Vouch" },
      user: { name: email },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "preferred", requireResidentKey: false, userVerification: "required" },
      attestation: "direct",
    });
    const { options: request } = await server.loginOptions();
    expect(request).toMatchObject({ rpId: "vouch.example.com", userVerification: "required", allowCredentials: [] });
  });

  test("names the published key in the header of an ID token", async () => {
    const { accessToken, dpop } = await server.session();
    const idToken = (await server.exchange(accessToken, dpop)).body.access_token;
    const { body: jwks } = await server.send("/.well-known/jwks.json");
    expect(decodeProtectedHeader(idToken)).toEqual({ alg: "ES256", typ: "JWT", kid: jwks.keys[0].kid });
  });
});

test("a credential that is not stored on the key logs in without a user handle", async () => {
  const key = new TestSecurityKey();
  const dpop = await DpopKey.generate();
  await server.enroll(key);
  const { ceremony, options } = await server.loginOptions();
  const { response, ...credential } = key.authenticate(options, origin);
  const { userHandle: _, ...withoutUser } = response;
  const parameters = {
    grant_type: webauthnGrant,
    ceremony,
    credential: JSON.stringify({ ...credential, response: withoutUser }),
  };
  const answer = await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
  expect(answer).toMatchObject({ status: 200, body: { user: email } });
});

/** An assertion that was made when the clock stood `ageSeconds` before now: a function that sends it. */
async function assertion(ageSeconds: number): Promise<() => Promise<Answer>> {
  const key = new TestSecurityKey();
  const dpop = await DpopKey.generate();
  await server.enroll(key);
  const { ceremony, options } = await server.loginOptions();
  const credential = JSON.stringify(key.authenticate(options, origin));
  server.advance(ageSeconds);
  return async () => {
    const parameters = { grant_type: webauthnGrant, ceremony, credential };
    return await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
  };
}

describe("an assertion for a login is refused", () => {
  test.each<[string, Twist, RegExp]>([
    ["from another origin", { origin: "http://vouch.example.com" }, /origin/],
    ["in a frame of another origin", { embedding: { crossOrigin: true } }, /frame/],
    ["below another top origin", { embedding: { topOrigin: "https://evil.example" } }, /frame/],
    ["for another rp.id", { rpId: "evil.example" }, /RP ID/i],
    ["with another challenge", { challenge: "AAAA" }, /challenge/],
    ["of another type", { type: "webauthn.create" }, /type/],
    ["without user verification", { userVerified: false }, /verified/],
    ["without user presence", { userPresent: false }, /present/],
    ["signed by another key", { forged: true }, /signature/],
    ["with a counter that stands still", { counter: 1 }, /counter/],
    ["with a counter that went back to 0", { counter: 0 }, /counter/],
    ["with another user's handle", { userHandle: "AAAA" }, /user handle/],
    ["when it can suddenly be backed up", { backupEligible: true }, /backup/],
  ])("%s", async (_name, twist, reason) => {
    const key = new TestSecurityKey();
    await server.enroll(key);
    const answer = await server.login(key, await DpopKey.generate(), twist);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe("invalid_grant");
    expect(answer.body.error_description).toMatch(reason);
  });

  test("by a key that is not enrolled", async () => {
    const answer = await server.login(new TestSecurityKey(), await DpopKey.generate(), { userHandle: "AAAA" });
    expect(answer.body).toMatchObject({ error: "invalid_grant" });
  });

  test("when its challenge has been answered", async () => {
    const send = await assertion(0);
    expect([(await send()).status, (await send()).status]).toEqual([200, 400]);
  });

  test("when the challenge is five minutes old, but not a second before", async () => {
    for (const [age, status] of [
      [299, 200],
      [300, 400],
    ] as const) {
      const send = await assertion(age);
      expect((await send()).status).toBe(status);
    }
  });

  test("to all but one of those who send it at once", async () => {
    const send = await assertion(0);
    const answers = await Promise.all([send(), send(), send(), send()]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 400: 3 });
  });

  test("to all but one of those who send the same counter at once", async () => {
    const key = new TestSecurityKey();
    const dpop = await DpopKey.generate();
    await server.enroll(key);
    const answers = await Promise.all([1, 2, 3, 4].map(() => server.login(key, dpop, { counter: 9 })));
    expect(statusCounts(answers)).toEqual({ 200: 1, 400: 3 });
  });

  test("with a registration's challenge", async () => {
    const key = new TestSecurityKey();
    await server.enroll(key);
    const { ceremony, options } = await server.enrollOptions(await server.invite());
    const credential = JSON.stringify(
      key.authenticate({ challenge: options.challenge, rpId: "vouch.example.com" }, origin),
    );
    const parameters = { grant_type: webauthnGrant, ceremony, credential };
    const headers = { dpop: await server.proof(await DpopKey.generate()) };
    expect((await server.form("/oauth/token", parameters, headers)).status).toBe(400);
  });
});

test("a key without a counter can log in repeatedly", async () => {
  const key = new TestSecurityKey();
  const dpop = await DpopKey.generate();
  await server.enroll(key, { counter: 0 });
  for (let login = 0; login < 3; login++) expect((await server.login(key, dpop, { counter: 0 })).status).toBe(200);
});
