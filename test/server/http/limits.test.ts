/** The limits for each person and each security key, from whatever addresses their requests come. */
import { describe, expect, onTestFinished, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  countOnce,
  defaultRateLimits,
  defaultSubjectLimits,
  RateLimiter,
} from "../../../src/server/http/rate-limit.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { add, newPerson, type Person } from "../person.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

let server: TestServer;

const rateLimits = { enroll: 1e6, login: 1e6, token: 1e6 };
const start = async (person: number, credential: number) => {
  server = await startTestServer({ rateLimits, subjectLimits: { person, credential } });
  onTestFinished(async () => server.stop());
};
const asks = async (person: Person) => server.inSession(person, "GET", "/v1/credentials");
const login = async (key: TestSecurityKey) => server.login(key, await DpopKey.generate());

describe("the limit for each person", () => {
  test("counts their requests by whatever way, and nobody else's, and is free again after a minute", async () => {
    await start(8, 1e6);
    const [one, other] = [await newPerson(server), await newPerson(server)];
    // Two of the enrolment, one login.
    for (let request = 3; request < 8; request++) expect((await asks(one)).status).toBe(200);
    server.advance(20);
    const refused = await asks(one);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "40"]);
    const exchanged = await server.exchange(one.accessToken, one.dpop);
    expect([exchanged.status, exchanged.body.error]).toEqual([429, "temporarily_unavailable"]);
    expect((await login(one.key)).status).toBe(429);
    expect((await server.post("/v1/enroll/options", { code: await server.invite(one.email) })).status).toBe(429);
    expect((await asks(other)).status).toBe(200);
    server.advance(40);
    expect((await asks(one)).status).toBe(200);
    expect((await server.exchange(one.accessToken, one.dpop)).status).toBe(200);
  });

  test("is not used up by who has one of their codes that is used, expired or of a disabled account", async () => {
    await start(4, 1e6);
    const mail = "dev@example.com";
    const options = async (code: string) => (await server.post("/v1/enroll/options", { code })).status;
    const expired = await server.invite(mail);
    server.advance(24 * 3600);
    const used = await server.invite(mail);
    const { ceremony, options: creation } = await server.enrollOptions(used);
    const credential = new TestSecurityKey().register(creation, origin);
    expect((await server.post("/v1/enroll", { ceremony, code: used, credential })).status).toBe(200);
    for (let request = 0; request < 5; request++) {
      for (const code of [used, expired]) expect(await options(code)).toBe(403);
    }
    const open = await server.invite(mail);
    await server.store.accounts.setDisabled((await server.store.accounts.findUser(mail))!.id, server.now());
    for (let request = 0; request < 5; request++) expect(await options(open)).toBe(403);
    await server.store.accounts.setDisabled((await server.store.accounts.findUser(mail))!.id, undefined);
    expect(await options(open)).toBe(200);
  });

  test("is not used up by who has the token without its DPoP key", async () => {
    await start(8, 1e6);
    const person = await newPerson(server);
    const thief = { accessToken: person.accessToken, dpop: await DpopKey.generate() };
    for (let request = 0; request < 20; request++) {
      expect((await server.inSession(thief, "GET", "/v1/credentials")).status).toBe(401);
      expect((await server.exchange(thief.accessToken, thief.dpop)).status).toBe(400);
    }
    expect((await asks(person)).status).toBe(200);
  });
});

describe("the limit for each security key", () => {
  test("counts its touches, for logins and for approvals, and none of another key", async () => {
    await start(1e6, 3);
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    expect((await add(server, person, second)).status).toBe(200);
    expect((await login(person.key)).status).toBe(200);
    const refused = await login(person.key);
    expect([refused.status, refused.body.error]).toEqual([429, "temporarily_unavailable"]);
    expect((await add(server, person, new TestSecurityKey())).status).toBe(429);
    expect((await login(second)).status).toBe(200);
  });

  test("is not used up by who knows the key's id alone", async () => {
    await start(1e6, 3);
    const person = await newPerson(server);
    const { id } = (await server.store.accounts.findUser(person.email))!;
    const userHandle = Buffer.from(id).toString("base64url");
    for (let attempt = 0; attempt < 20; attempt++) {
      const { ceremony, options } = await server.loginOptions();
      const forged = {
        ...new TestSecurityKey().authenticate(options, origin, { userHandle }),
        id: person.key.id,
        rawId: person.key.id,
      };
      const form = { grant_type: webauthnGrant, ceremony, credential: JSON.stringify(forged) };
      const answer = await server.form("/oauth/token", form, { dpop: await server.proof(await DpopKey.generate()) });
      expect([answer.status, answer.body.error]).toEqual([400, "invalid_grant"]);
    }
    expect((await login(person.key)).status).toBe(200);
  });
});

test("the documentation has each limit and its default", () => {
  const page = readFileSync(join(import.meta.dir, "../../../docs/server.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)-limit` \| (\d+) \|/gm)].map(([, name, limit]) => [name, Number(limit)]);
  expect(rows).toEqual(Object.entries({ ...defaultRateLimits, ...defaultSubjectLimits }));
});

test("a request counts once, also where its transaction runs again", () => {
  const limiter = new RateLimiter({ person: 1, credential: 1 });
  const [first, second] = [countOnce(limiter, () => 0), countOnce(limiter, () => 0)];
  expect([first("person", "a"), first("person", "a"), first("credential", "a")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([second("person", "a")?.status, second("person", "a")?.status]).toEqual([429, 429]);
});
