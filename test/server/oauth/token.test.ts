/** The token endpoint: DPoP proofs (RFC 9449), token exchange (RFC 8693), revocation (RFC 7009). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { decodeJwt, generateSecret, SignJWT } from "jose";
import { tokenExchangeGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { DpopKey } from "./dpop-key.ts";
import { newPerson } from "../person.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { email, startTestServer, statusCounts, type TestServer, tokenUrl } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

const exchangeParameters = {
  grant_type: tokenExchangeGrant,
  subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  requested_token_type: "urn:ietf:params:oauth:token-type:id_token",
  audience: "sts.amazonaws.com",
};

/** Exchanges a session's token with this proof. */
async function exchangeWith(accessToken: string, dpop: string | undefined) {
  const headers: Record<string, string> = dpop === undefined ? {} : { dpop };
  return await server.form("/oauth/token", { ...exchangeParameters, subject_token: accessToken }, headers);
}

/** As `server.proof`; jose does not sign with an unknown critical parameter, so that one is put in afterwards. */
async function forge(dpop: DpopKey, claims: Record<string, unknown>, header: Record<string, unknown>) {
  if (!("crit" in header)) return await server.proof(dpop, claims, header);
  const [head = "", ...rest] = (await server.proof(dpop, claims)).split(".");
  const forged = { ...JSON.parse(Buffer.from(head, "base64url").toString()), ...header };
  return [Buffer.from(JSON.stringify(forged)).toString("base64url"), ...rest].join(".");
}

describe("a DPoP proof", () => {
  test.each<[string, Record<string, unknown>]>([
    ["htu with a query and a fragment", { htu: `${tokenUrl}?a=b#c` }],
    ["htu with the default port and an upper-case host", { htu: "HTTPS://VOUCH.example.com:443/oauth/token" }],
    ["the oldest iat", { iat: 1_800_000_000 - 60 }],
    ["the newest iat", { iat: 1_800_000_000 + 60 }],
    ["no ath", { ath: undefined }],
  ])("is accepted with %s", async (_name, claims) => {
    const { accessToken, dpop } = await server.session();
    expect(await exchangeWith(accessToken, await server.proof(dpop, claims))).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>, RegExp]>([
    ["another method", { htm: "GET" }, {}, /htm/],
    ["another path", { htu: "https://vouch.example.com/oauth/revoke" }, {}, /htu/],
    ["another host", { htu: "https://vouch.example.org/oauth/token" }, {}, /htu/],
    ["another scheme", { htu: "http://vouch.example.com/oauth/token" }, {}, /htu/],
    ["another port", { htu: "https://vouch.example.com:8443/oauth/token" }, {}, /htu/],
    ["a longer path", { htu: `${tokenUrl}/x` }, {}, /htu/],
    ["htu that is no URL", { htu: "oauth/token" }, {}, /htu/],
    ["an old iat", { iat: 1_800_000_000 - 61 }, {}, /61 seconds behind the server's; set the clock/],
    ["an iat to come", { iat: 1_800_000_000 + 3600 }, {}, /3600 seconds ahead of the server's; set the clock/],
    ["no iat", { iat: undefined }, {}, /iat/],
    ["iat as text", { iat: "1800000000" }, {}, /iat/],
    ["no jti", { jti: undefined }, {}, /jti/],
    ["an endless jti", { jti: "x".repeat(257) }, {}, /jti/],
    ["the hash of another access token", { ath: sha256("another") }, {}, /ath/],
    ["alg none", {}, { alg: "none" }, /alg/],
    ["another typ", {}, { typ: "JWT" }, /typ/],
    ["no typ", {}, { typ: undefined }, /typ/],
    ["no jwk", {}, { jwk: undefined }, /jwk/],
    ["a jwk of another kind", {}, { jwk: { kty: "oct", k: "AAAA" } }, /jwk/],
    ["a point that is not on the curve", {}, { jwk: { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA" } }, /malformed/],
    ["an unknown critical header parameter", {}, { crit: ["x"], x: 1 }, /.../],
  ])("is refused with %s", async (_name, claims, header, reason) => {
    const { accessToken, dpop } = await server.session();
    const proof = await forge(dpop, claims, header);
    const { status, body } = await exchangeWith(accessToken, proof);
    expect(status).toBe(400);
    expect(body.error).toBe("invalid_dpop_proof");
    expect(body.error_description).toMatch(reason);
  });

  test("is refused when there is none, when there are several, and when it is no JWT", async () => {
    const { accessToken, dpop } = await server.session();
    for (const [proof, reason] of [
      [undefined, "got none"],
      ["", "malformed"],
      ["x", "malformed"],
      ["a.b.c", "malformed"],
      [`${await server.proof(dpop)}, ${await server.proof(dpop)}`, "got several"],
    ] as const) {
      const { body } = await exchangeWith(accessToken, proof);
      expect(body.error).toBe("invalid_dpop_proof");
      expect(body.error_description).toContain(reason);
    }
  });

  test("is refused with a private key in the header", async () => {
    const { accessToken, dpop } = await server.session();
    const proof = await server.proof(dpop, {}, { jwk: await dpop.privateJwk() });
    expect((await exchangeWith(accessToken, proof)).body.error_description).toContain("public key only");
  });

  test("is refused when it is signed by another key than the one in its header", async () => {
    const { accessToken, dpop } = await server.session();
    const [head, , signature] = (await server.proof(await DpopKey.generate())).split(".");
    const [ownHead, ownClaims] = (await server.proof(dpop)).split(".");
    for (const forged of [`${ownHead}.${ownClaims}.${signature}`, `${head}.${ownClaims}.${signature}`]) {
      expect((await exchangeWith(accessToken, forged)).body.error).toBe("invalid_dpop_proof");
    }
  });

  test("is refused when it is signed by HS256 with the public key as the secret", async () => {
    const { accessToken, dpop } = await server.session();
    const { jwk } = JSON.parse(Buffer.from((await server.proof(dpop)).split(".")[0] ?? "", "base64url").toString());
    const proof = await new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: tokenUrl, iat: server.now() })
      .setProtectedHeader({ typ: "dpop+jwt", alg: "HS256", jwk })
      .sign(await generateSecret("HS256"));
    expect((await exchangeWith(accessToken, proof)).body.error_description).toMatch(/alg/);
  });

  test("is refused the second time, and of two at once one passes", async () => {
    const { accessToken, dpop } = await server.session();
    const proof = await server.proof(dpop);
    const answers = await Promise.all([1, 2, 3].map(() => exchangeWith(accessToken, proof)));
    expect(statusCounts(answers)).toEqual({ 200: 1, 400: 2 });
    const refused = answers.find(({ status }) => status === 400);
    expect(refused?.body.error_description).toContain("used before");
  });

  test("is refused the second time until it is too old, though expired rows are purged", async () => {
    const { accessToken, dpop } = await server.session();
    const proof = await server.proof(dpop, { iat: server.now() + 60 });
    expect((await exchangeWith(accessToken, proof)).status).toBe(200);
    for (let step = 0; step < 130; step += 10) {
      await server.store.purge(server.now());
      expect((await exchangeWith(accessToken, proof)).body.error).toBe("invalid_dpop_proof");
      server.advance(10);
    }
    server.advance(-130);
  });

  test("may have the same jti as a proof by another key", async () => {
    const [one, other] = [await server.session(), await server.session()];
    const jti = crypto.randomUUID();
    for (const { accessToken, dpop } of [one, other]) {
      expect((await exchangeWith(accessToken, await server.proof(dpop, { jti }))).status).toBe(200);
    }
  });
});

describe("the exchange of an access token", () => {
  test("is refused to a thief without its key, with the same words as for an unknown token", async () => {
    const { accessToken } = await server.session();
    const thief = await DpopKey.generate();
    const stolen = await exchangeWith(accessToken, await server.proof(thief));
    const unknown = await exchangeWith("unknown", await server.proof(thief));
    expect(stolen.body).toEqual({
      error: "invalid_grant",
      error_description: "The session is not known, or its security key was removed.",
    });
    expect(stolen.body).toEqual(unknown.body);
  });

  test.each<[string, Record<string, string | string[]>, string]>([
    ["another audience", { audience: "https://evil.example" }, "invalid_target"],
    [
      "another kind of token asked for",
      { requested_token_type: "urn:ietf:params:oauth:token-type:jwt" },
      "invalid_request",
    ],
    ["another kind of token given", { subject_token_type: "urn:ietf:params:oauth:token-type:jwt" }, "invalid_request"],
    ["an audience beside another", { audience: ["sts.amazonaws.com", "https://evil.example"] }, "invalid_target"],
    ["another resource", { resource: "https://evil.example" }, "invalid_target"],
    ["an actor", { actor_token: "x" }, "invalid_request"],
    ["the kind of an actor's token", { actor_token_type: "x" }, "invalid_request"],
    ["a token without a value", { subject_token: "" }, "invalid_request"],
    ["an endless token", { subject_token: "x".repeat(300) }, "invalid_request"],
    ["another grant", { grant_type: "client_credentials" }, "unsupported_grant_type"],
    ["a password grant", { grant_type: "password", username: email, password: "x" }, "unsupported_grant_type"],
  ])("is refused with %s", async (_name, parameters, error) => {
    const { accessToken, dpop } = await server.session();
    const { status, body } = await server.exchange(accessToken, dpop, parameters);
    expect(status).toBe(400);
    expect(body.error).toBe(error);
  });

  test.each([["grant_type"], ["subject_token"], ["subject_token_type"]])(
    "is refused without %s, and with it twice",
    async (name) => {
      const { accessToken, dpop } = await server.session();
      const parameters: Record<string, string> = { ...exchangeParameters, subject_token: accessToken };
      const twice = new URLSearchParams([...Object.entries(parameters), [name, parameters[name] ?? ""]]);
      delete parameters[name];
      for (const body of [new URLSearchParams(parameters), twice]) {
        const headers = { dpop: await server.proof(dpop) };
        const answer = await server.send("/oauth/token", { method: "POST", headers, body });
        expect(answer.status).toBe(400);
        expect(answer.body.error).toBe("invalid_request");
        expect(answer.body.error_description).toContain(name);
      }
    },
  );

  test("gives an ID token without requested_token_type, and is refused with it twice (RFC 8693, 2.1)", async () => {
    const { accessToken, dpop } = await server.session();
    const { requested_token_type: type, ...parameters } = { ...exchangeParameters, subject_token: accessToken };
    const { body } = await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
    expect(body.issued_token_type).toBe(type);
    const twice = new URLSearchParams([
      ...Object.entries(parameters),
      ["requested_token_type", type],
      ["requested_token_type", type],
    ]);
    const headers = { dpop: await server.proof(dpop) };
    const answer = await server.send("/oauth/token", { method: "POST", headers, body: twice });
    expect({ status: answer.status, error: answer.body.error }).toEqual({ status: 400, error: "invalid_request" });
  });

  test("without an audience gives an ID token for the server's first", async () => {
    const { accessToken, dpop } = await server.session();
    const parameters: Record<string, string> = { ...exchangeParameters, subject_token: accessToken };
    delete parameters["audience"];
    const { body } = await server.form("/oauth/token", parameters, { dpop: await server.proof(dpop) });
    expect(decodeJwt(body.access_token).aud).toBe("sts.amazonaws.com");
  });

  test.each<[string, Record<string, string | string[]>]>([
    ["the audience twice", { audience: ["sts.amazonaws.com", "sts.amazonaws.com"] }],
    ["the audience as the resource", { audience: "", resource: "sts.amazonaws.com" }],
    ["every optional one", { resource: "sts.amazonaws.com", scope: "openid" }],
    [
      "no value for the optional ones",
      { audience: "", resource: "", scope: "", requested_token_type: "", actor_token: "" },
    ],
  ])("accepts %s (RFC 8693, 2.1; RFC 6749, 3.2)", async (_name, parameters) => {
    const { accessToken, dpop } = await server.session();
    const { status, body } = await server.exchange(accessToken, dpop, parameters);
    expect({ status, audience: decodeJwt(body.access_token).aud }).toEqual({
      status: 200,
      audience: "sts.amazonaws.com",
    });
  });

  test("ignores unknown parameters (RFC 6749, 3.2)", async () => {
    const { accessToken, dpop } = await server.session();
    expect((await server.exchange(accessToken, dpop, { client_id: "vouch", scope: "openid" })).status).toBe(200);
  });

  test("ends with the session: the last ID token is shorter, then there is none", async () => {
    const { accessToken, dpop } = await server.session();
    server.advance(28_800 - 100);
    const last = await server.exchange(accessToken, dpop);
    expect(last.body.expires_in).toBe(100);
    expect(decodeJwt(last.body.access_token).exp).toBe(server.now() + 100);
    server.advance(100);
    const { status, body } = await server.exchange(accessToken, dpop);
    expect(status).toBe(400);
    expect(body).toEqual({ error: "invalid_grant", error_description: "The session has expired." });
  });

  test("names the login's time, not its own", async () => {
    const { accessToken, dpop } = await server.session();
    const loggedInAt = server.now();
    server.advance(1000);
    const claims = decodeJwt((await server.exchange(accessToken, dpop)).body.access_token);
    expect(claims).toMatchObject({ auth_time: loggedInAt, iat: server.now(), exp: server.now() + 300 });
  });
});

describe("revocation of a session", () => {
  test("answers alike for a token that is known, unknown or revoked already", async () => {
    const { accessToken } = await server.session();
    for (const token of [accessToken, accessToken, "unknown"]) {
      const { status, body } = await server.form("/oauth/revoke", { token, token_type_hint: "access_token" });
      expect({ status, body }).toEqual({ status: 200, body: undefined });
    }
  });

  test("ends this session only", async () => {
    const [one, other] = [await server.session(), await server.session()];
    await server.form("/oauth/revoke", { token: one.accessToken });
    expect((await server.exchange(one.accessToken, one.dpop)).body.error_description).toBe("The session was revoked.");
    expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
  });

  test("by an administrator ends every session of the user, and without a key there is no login", async () => {
    const other = await newPerson(server);
    const { accessToken, dpop, key, email: own } = await newPerson(server);
    const user = await server.store.accounts.findUser(own);
    const invited = await server.invite(own);
    await server.store.accounts.removeInvites(user?.id ?? "");
    expect(await server.store.sessions.revokeAll(user?.id ?? "", server.now())).toBe(1);
    expect((await server.exchange(accessToken, dpop)).body.error_description).toBe("The session was revoked.");
    expect(await server.store.credentials.removeAll(user?.id ?? "")).toBe(1);
    expect((await server.login(key, dpop)).body.error).toBe("invalid_grant");
    expect((await server.post("/v1/enroll/options", { code: invited })).status).toBe(403);
    expect((await server.exchange(other.accessToken, other.dpop)).status).toBe(200);
    expect((await server.login(other.key, other.dpop)).status).toBe(200);
  });
});

test("a shorter session is granted where the server is so configured, a longer one never", async () => {
  for (const [asked, granted] of [
    [900, 900],
    [100_000, 28_800],
  ] as const) {
    const other = await startTestServer({ sessionDuration: asked });
    try {
      const key = new TestSecurityKey();
      const dpop = await DpopKey.generate();
      await other.enroll(key);
      expect((await other.login(key, dpop)).body.expires_in).toBe(granted);
    } finally {
      await other.stop();
    }
  }
});

test("the database contains no access token and no code, only their hashes", async () => {
  const { accessToken } = await server.session();
  const code = await server.invite();
  const path = server.database.slice("sqlite:".length);
  const text = readFileSync(path, "latin1") + readFileSync(`${path}-wal`, "latin1");
  expect(text.includes(sha256(accessToken))).toBe(true);
  expect(text.includes(accessToken)).toBe(false);
  expect(text.includes(code)).toBe(false);
});
