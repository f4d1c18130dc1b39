/** Requests in the name of a session (RFC 9449, 7), at an endpoint that takes them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeJwt } from "jose";
import { sha256 } from "../../../src/server/random.ts";
import { DpopKey } from "./dpop-key.ts";
import { newPerson, remove } from "../person.ts";
import { origin, startTestServer, statusCounts, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1000, login: 1000, token: 1000 } });
});
afterAll(() => server.stop());

describe("the authorisation of a request", () => {
  const listWith = async (headers: Record<string, string>) => server.send("/v1/credentials", { headers });

  test.each<[string, Record<string, unknown>]>([
    ["no ath", { ath: undefined }],
    ["the ath of another token", { ath: sha256("another") }],
    ["another method", { htm: "POST" }],
    ["the URL of another endpoint", { htu: `${origin}/v1/credentials/removal` }],
    ["the URL of the token endpoint", { htu: `${origin}/oauth/token` }],
    ["an old iat", { iat: 1_700_000_000 }],
  ])("is refused for a proof with %s", async (_name, claims) => {
    const person = await newPerson(server);
    const { status, headers, body } = await server.inSession(person, "GET", "/v1/credentials", undefined, claims);
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe('DPoP error="invalid_dpop_proof", algs="ES256"');
    expect(body.error.code).toBe("access_denied");
  });

  test.each(["DPoP", "dpop", "DPOP", "dPoP"])("accepts the scheme written %s (RFC 9110, 11.1)", async (scheme) => {
    const { accessToken, dpop } = await newPerson(server);
    const claims = { ath: sha256(accessToken) };
    const proof = await dpop.proof({ method: "GET", url: `${origin}/v1/credentials`, now: server.now(), claims });
    expect((await listWith({ authorization: `${scheme} ${accessToken}`, dpop: proof })).status).toBe(200);
  });

  test("is refused for a proof that was used before", async () => {
    const { accessToken, dpop } = await newPerson(server);
    const claims = { ath: sha256(accessToken) };
    const proof = await dpop.proof({ method: "GET", url: `${origin}/v1/credentials`, now: server.now(), claims });
    const headers = { authorization: `DPoP ${accessToken}`, dpop: proof };
    const answers = await Promise.all([listWith(headers), listWith(headers), listWith(headers)]);
    expect(statusCounts(answers)).toEqual({ 200: 1, 401: 2 });
  });

  test("is refused for a token without its key, as for an unknown one", async () => {
    const person = await newPerson(server);
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

  test("is refused for an ID token in the place of an access token", async () => {
    const { accessToken, dpop } = await newPerson(server);
    const idToken = (await server.exchange(accessToken, dpop)).body.access_token as string;
    expect(decodeJwt(idToken).aud).toBe("sts.amazonaws.com");
    const { status } = await server.inSession({ accessToken: idToken, dpop }, "GET", "/v1/credentials");
    expect(status).toBe(401);
  });

  test("ends with the session: after logout, or after eight hours", async () => {
    const [one, other] = [await newPerson(server), await newPerson(server)];
    await server.form("/oauth/revoke", { token: one.accessToken });
    expect((await remove(server, one, one.key.id)).body.error.code).toBe("login_needed");
    server.advance(28_800);
    expect((await remove(server, other, other.key.id)).body.error.code).toBe("session_expired");
    expect(await server.store.credentials.find(other.key.id)).toBeDefined();
  });
});

test("requests about keys are counted for their address, whoever asks", async () => {
  const limited = await startTestServer({ rateLimits: { enroll: 1, login: 1, token: 2 } });
  const statuses: number[] = [];
  for (let request = 0; request < 3; request++) statuses.push((await limited.send("/v1/credentials")).status);
  for (let request = 0; request < 2; request++) {
    statuses.push((await limited.post("/v1/credentials/addition/options", {})).status);
  }
  await limited.stop();
  expect(statuses).toEqual([401, 401, 429, 401, 429]);
});
