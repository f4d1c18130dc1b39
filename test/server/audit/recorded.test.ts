/** What a server records of requests, and that it grants nothing that it cannot record. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { decodeJwt } from "jose";
import type { AuditEntry } from "../../../src/server/audit/entry.ts";
import type { AuditEvent } from "../../../src/server/audit/events.ts";
import { verifyAudit } from "../../../src/server/audit/verify.ts";
import { sha256 } from "../../../src/server/random.ts";
import { issuer } from "../audit-signer.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { add, holder, newPerson, publishing, remove, rename } from "../person.ts";
import { email, origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ trustProxy: true, auditLookMs: 5, keyRefreshMs: 5 });
});
afterEach(async () => server.stop());

const recorded = async (): Promise<AuditEntry[]> =>
  server.store.audit.page({ time: 0, chain: "", number: 0 }, Number.MAX_SAFE_INTEGER, 1000);
/** Those of one event. */
const of = async (event: AuditEvent): Promise<AuditEntry[]> =>
  (await recorded()).filter((entry) => entry.event === event);

async function sql(statement: string): Promise<Record<string, unknown>[]> {
  const database = new SQL({ adapter: "sqlite", filename: server.database.slice("sqlite:".length) });
  try {
    return await database.unsafe(statement);
  } finally {
    await database.close();
  }
}

describe("what is granted is recorded with person, key, address and time:", () => {
  test("enrolment and login", async () => {
    const { key } = await server.session();
    const user = await server.store.accounts.findUser(email);
    const about = { user: user!.id, email, credential: key.id, address: "127.0.0.1", by: null, time: server.now() };
    expect(await of("enrol")).toMatchObject([{ ...about, detail: { name: expect.any(String) } }]);
    expect(await of("login")).toMatchObject([
      { ...about, detail: { expiresAt: server.now() + 8 * 3600, client: null } },
    ]);
  });

  test("every change of a person's keys, with the key that approved it", async () => {
    const person = await newPerson(server);
    const second = new TestSecurityKey();
    await add(server, person, second, { name: "blue" });
    await rename(server, person, second.id, "red");
    await remove(server, person, second.id);
    const about = { email: person.email, credential: second.id, address: "127.0.0.1" };
    const approvedBy = person.key.id;
    const all = [...(await of("key_added")), ...(await of("key_renamed")), ...(await of("key_removed"))];
    expect(all).toMatchObject([
      { ...about, detail: { name: "blue", approvedBy } },
      { ...about, detail: { from: "blue", name: "red", approvedBy } },
      { ...about, detail: { name: "red", sessions: 0, approvedBy } },
    ]);
    expect((await remove(server, person, person.key.id)).status).toBe(409);
    expect(await of("refuse")).toMatchObject([{ email: person.email, detail: { code: "last_credential" } }]);
  });

  test("publishing, with the key that was touched and the token's id", async () => {
    const person = await newPerson(server);
    const begun = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
    const approval = person.key.authenticate(begun.approval, origin, {}, publishing);
    const request = { holder, ceremony: begun.ceremony, approval };
    const { body } = await server.inSession(person, "POST", "/v1/publish", request);
    const { jti } = decodeJwt(body.idToken);
    expect(await of("publish")).toMatchObject([
      { email: person.email, credential: person.key.id, detail: { jti: jti! } },
    ]);
    // Again: the approval is used.
    await server.inSession(person, "POST", "/v1/publish", request);
    expect(await of("refuse")).toMatchObject([{ email: person.email, detail: { path: "/v1/publish" } }]);
  });

  test("a token, by the id that it carries, and nothing that could be used as one", async () => {
    const { accessToken, dpop, key } = await server.session();
    const { body } = await server.exchange(accessToken, dpop);
    const { jti } = decodeJwt(body.access_token);
    expect(await of("token")).toMatchObject([
      { credential: key.id, detail: { audience: "sts.amazonaws.com", jti: jti! } },
    ]);
    const all = JSON.stringify(await recorded());
    for (const secret of [accessToken, sha256(accessToken), body.access_token]) expect(all).not.toContain(secret);
  });

  test("the end of sessions: by the token, one by its id, all", async () => {
    const session = await server.session();
    const { body } = await server.login(session.key, session.dpop);
    await server.form("/oauth/revoke", { token: body.access_token });
    await server.form("/oauth/revoke", { token: body.access_token });
    await server.form("/oauth/revoke", { token: "unknown" });
    expect(await of("revoke")).toHaveLength(1);
    await server.login(session.key, session.dpop);
    await server.inSession(session, "POST", "/v1/sessions/end", { which: "others" });
    await server.inSession(session, "POST", "/v1/sessions/end", { which: "all" });
    expect((await of("revoke")).map(({ detail }) => detail)).toEqual([
      { sessions: 1 },
      { sessions: 1 },
      { sessions: 1 },
    ]);
  });

  test("sessions that end because the clock was set back, as the server's doing", async () => {
    await server.stop();
    server = await startTestServer({ monotonic: () => 0 });
    await server.session();
    server.advance(-120);
    await server.loginOptions();
    const reason = "the clock was set back by 120 s";
    expect(await of("revoke")).toMatchObject([{ user: null, address: null, reason, detail: { sessions: 1 } }]);
  });
});

describe("a refusal is recorded if it is about somebody:", () => {
  test("a session that has ended", async () => {
    const { accessToken, dpop, key } = await server.session();
    server.advance(9 * 3600);
    expect((await server.exchange(accessToken, dpop)).status).toBe(400);
    expect((await server.inSession({ accessToken, dpop }, "GET", "/v1/credentials")).status).toBe(401);
    expect(await of("refuse")).toMatchObject([
      { email, credential: key.id, reason: "The session has expired.", detail: { path: "/oauth/token" } },
      { email, reason: "The session has expired.", detail: { path: "/v1/credentials", code: "session_expired" } },
    ]);
  });

  test("a token in the hands of another DPoP key", async () => {
    const { accessToken } = await server.session();
    expect((await server.exchange(accessToken, await DpopKey.generate())).status).toBe(400);
    expect(await of("refuse")).toMatchObject([
      { email, reason: "The session is not known, or its security key was removed." },
    ]);
  });

  test("a login of somebody who is disabled, and a code of theirs", async () => {
    const key = new TestSecurityKey();
    await server.enroll(key);
    const code = await server.invite();
    const user = await server.store.accounts.findUser(email);
    await server.store.accounts.setDisabled(user!.id, server.now());
    await server.login(key, await DpopKey.generate());
    await server.post("/v1/enroll/options", { code });
    expect((await of("refuse")).map(({ reason, user: about }) => [about, reason])).toEqual([
      [user!.id, "The administrator has disabled this account."],
      [user!.id, "The administrator has disabled this account."],
    ]);
  });

  test("and not if a stranger made it up: they could fill the database", async () => {
    const dpop = await DpopKey.generate();
    await server.exchange("unknown", dpop);
    await server.login(new TestSecurityKey(), dpop);
    await server.post("/v1/enroll/options", { code: "AAAA-BBBB-CCCC-DDDD" });
    await server.inSession({ accessToken: "unknown", dpop }, "GET", "/v1/credentials");
    await server.send("/nothing");
    expect(await of("refuse")).toEqual([]);
  });
});

test("nothing that could be used as a code, token, challenge or proof is in it, nor in the server's log", async () => {
  const key = new TestSecurityKey();
  const dpop = await DpopKey.generate();
  const code = await server.invite();
  const { ceremony, options } = await server.enrollOptions(code);
  const enrolment = { ceremony, code, credential: key.register(options, origin) };
  await server.post("/v1/enroll", enrolment);
  await server.post("/v1/enroll", enrolment);
  await server.post("/v1/enroll/options", { code });
  const accessToken: string = (await server.login(key, dpop)).body.access_token;
  const session = { accessToken, dpop, key };
  const idToken: string = (await server.exchange(accessToken, dpop)).body.access_token;
  const approval = (await server.inSession(session, "POST", "/v1/publish/options", {})).body;
  // What a faulty client may put where.
  await server.exchange(accessToken, dpop, { audience: idToken });
  await server.exchange(accessToken, dpop, { subject_token_type: accessToken });
  await server.inSession(session, "POST", "/v1/publish", { ceremony: accessToken });
  await server.inSession(session, "POST", "/v1/credentials/renaming/options", { id: accessToken, name: "red" });
  await server.inSession(session, "POST", "/v1/sessions/end", { id: idToken.slice(0, 60) });
  await server.inSession(session, "POST", "/v1/sessions/end", { which: accessToken });
  await server.form("/oauth/revoke", { token: accessToken });
  await server.exchange(accessToken, dpop);
  expect((await of("refuse")).length).toBeGreaterThan(5);
  const all = JSON.stringify([await recorded(), server.logs]);
  const secrets = [code, sha256(code), ceremony, options.challenge, accessToken, sha256(accessToken), idToken];
  const { response } = enrolment.credential;
  const more = [idToken.slice(0, 60), approval.ceremony, approval.approval.challenge, response.attestationObject];
  for (const secret of [...secrets, ...more]) expect(all).not.toContain(secret);
});

test("the address is that behind the trusted proxy", async () => {
  const { accessToken, dpop } = await server.session();
  await server.form("/oauth/revoke", { token: accessToken }, { "x-forwarded-for": "203.0.113.9, 2001:DB8::0:1" });
  expect(dpop).toBeDefined();
  expect((await of("revoke"))[0]!.address).toBe("2001:db8::1");
});

describe("what cannot be recorded is not granted:", () => {
  test("no login, no session", async () => {
    const key = new TestSecurityKey();
    await server.enroll(key);
    await sql("DROP TABLE audit_entries");
    expect((await server.login(key, await DpopKey.generate())).status).toBe(500);
    expect(await sql("SELECT token_hash FROM sessions")).toEqual([]);
    expect((await sql("SELECT last_used_at FROM credentials"))[0]).toEqual({ last_used_at: null });
  });

  test("no token", async () => {
    const { accessToken, dpop } = await server.session();
    await sql("DROP TABLE audit_entries");
    const { status, body } = await server.exchange(accessToken, dpop);
    expect([status, body.error]).toEqual([500, "server_error"]);
  });

  test("no key, and the code stays good", async () => {
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    await sql("DROP TABLE audit_entries");
    const credential = new TestSecurityKey().register(options, origin);
    expect((await server.post("/v1/enroll", { ceremony, code, credential })).status).toBe(500);
    expect(await sql("SELECT id FROM credentials")).toEqual([]);
    expect((await sql("SELECT used_at FROM invites"))[0]).toEqual({ used_at: null });
  });

  test("a refusal stands, and the log says that it could not be recorded", async () => {
    const { accessToken, dpop } = await server.session();
    server.advance(9 * 3600);
    await sql("DROP TABLE audit_entries");
    expect((await server.inSession({ accessToken, dpop }, "GET", "/v1/credentials")).status).toBe(401);
    expect(server.logs).toContainEqual(expect.objectContaining({ event: "audit_failed" }));
  });
});

describe("a running server", () => {
  const verified = async () =>
    verifyAudit(server.store, { issuer, kids: (await server.store.signingKeys.all()).map(({ kid }) => kid) });
  async function checkpoints(count: number): Promise<void> {
    while ((await of("checkpoint")).length < count) await Bun.sleep(5);
  }

  test("signs how far the log has come when the last checkpoint is five minutes old", async () => {
    await checkpoints(1);
    await server.session();
    server.advance(300);
    await checkpoints(2);
    expect(await verified()).toMatchObject({ problems: [], open: 0 });
  });

  test.each([
    ["", undefined],
    [", also where the database says that they have been signed", "UPDATE audit_chains SET sealed_number = 99999"],
  ])("signs it at once after a thousand entries%s", async (_, tamper) => {
    await checkpoints(1);
    if (tamper !== undefined) await sql(tamper);
    await server.store.transaction(async ({ record }) => {
      for (let index = 0; index < 1000; index++) await record({ event: "login" });
    });
    await checkpoints(2);
    expect(await verified()).toMatchObject({ problems: [], open: 0 });
  });

  test("signs it at once when its clock was set back: no entry looks older than a checkpoint without it", async () => {
    await checkpoints(1);
    server.advance(-3600);
    await server.session();
    await checkpoints(2);
    expect(await verified()).toMatchObject({ problems: [] });
  });

  test("removes what is older than the retention, and keeps what it cannot tell of verifiable", async () => {
    await server.stop();
    server = await startTestServer({ auditLookMs: 5, auditRetentionSeconds: 30 * 24 * 3600 });
    await checkpoints(1);
    await server.session();
    server.advance(300);
    await checkpoints(2);
    server.advance(31 * 24 * 3600);
    await server.session();
    while ((await of("login")).length > 1 || (await of("initialize")).length > 0) await Bun.sleep(5);
    expect(await verified()).toMatchObject({ problems: [] });
  });

  test("signs it again with a new key before the old one leaves the JWKS", async () => {
    await checkpoints(1);
    const { rotate } = await import("../../../src/server/signing/rotation.ts");
    const { keyMaker } = await import("../../../src/server/signing/signing-key.ts");
    const { key } = await rotate(server.store, server.now() + 1, keyMaker(origin, undefined), {
      immediately: true,
    });
    server.advance(2);
    while ((await of("checkpoint")).at(-1)!.detail["kid"] !== key.kid) await Bun.sleep(5);
    expect(await verified()).toMatchObject({ problems: [], newest: { kid: key.kid } });
  });

  test("knows its own checkpoints also when the key that signed them has left the JWKS in an emergency", async () => {
    await checkpoints(1);
    const { makeSigningKey } = await import("../../../src/server/signing/signing-key.ts");
    const [leaked] = await server.store.signingKeys.all();
    const next = await makeSigningKey(origin, undefined);
    await server.store.transaction(async ({ signingKeys }) => {
      await signingKeys.remove(leaked!.kid);
      await signingKeys.add({ ...next, publishedAt: server.now(), signsFrom: server.now() });
    });
    await checkpoints(2);
    expect(await verified()).toMatchObject({ problems: [], checkpoints: 2 });
  });

  test("says so in its log and in its next checkpoint when somebody cuts off the end of the log", async () => {
    await checkpoints(1);
    await server.session();
    server.advance(300);
    await checkpoints(2);
    await sql("DELETE FROM audit_entries WHERE chain = 'checkpoints' AND number = 2");
    const detail = "checkpoint 2, which this server knows, is gone";
    while (!server.logs.some((entry) => "event" in entry && entry.event === "audit_failed")) await Bun.sleep(5);
    expect(server.logs).toContainEqual(expect.objectContaining({ event: "audit_failed", detail }));
    await server.session();
    server.advance(300);
    await checkpoints(2);
    expect((await of("checkpoint")).at(-1)!.detail["doubt"]).toBe(detail);
  });
});
