import { describe, expect, test } from "bun:test";
import { askAgent } from "../../../src/agent/wire/client.ts";
import { routes } from "../../../src/agent/protocol.ts";
import { Session } from "../../../src/agent/session/session.ts";
import type { VouchSession } from "../../../src/vouch-client/session.ts";
import { AgentHarness, until } from "../harness.ts";
import { rejection } from "../../rejection.ts";
import { oauthFailure, sessionSeconds, user } from "../upstream.ts";

const status = () => askAgent(routes.status);

describe("a session ends", () => {
  test.each<[string, (clock: AgentHarness["clock"]) => void]>([
    ["eight hours pass", (clock) => clock.pass(sessionSeconds)],
    ["the machine sleeps and only the wall clock shows it", (clock) => (clock.wallMs += sessionSeconds * 1000)],
    [
      "the wall clock is set back and only the uptime shows it",
      (clock) => {
        clock.uptimeMs += sessionSeconds * 1000;
        clock.wallMs -= 3600 * 1000;
      },
    ],
  ])("and nothing is given out any more when %s", async (_, move) => {
    await using harness = new AgentHarness();
    const { expiration } = await harness.login();
    expect(expiration).toBe(harness.clock.now() / 1000 + sessionSeconds);
    await harness.token();
    move(harness.clock);
    expect((await rejection(harness.token())).code).toBe("session_expired");
    const { session, ended, role } = await status();
    expect({ session, ended, role }).toEqual({ session: undefined, ended: "expired", role: undefined });
  });

  test("not a second before its end", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    harness.clock.pass(sessionSeconds - 1);
    expect((await status()).session?.user).toBe(user);
  });

  test("after eight hours at most, whatever the server says", async () => {
    await using harness = new AgentHarness();
    harness.upstream.answer("login", () =>
      Response.json({ access_token: "access-token-secret", token_type: "DPoP", expires_in: 1_000_000, user }),
    );
    expect((await harness.login()).expiration).toBe(harness.clock.now() / 1000 + 8 * 3600);
  });

  test.each([
    ["The session was revoked.", "login_needed", "revoked"],
    ["The session has expired.", "session_expired", "expired"],
  ] as const)("and its tokens are forgotten when the server says %p", async (description, code, ended) => {
    await using harness = new AgentHarness();
    harness.upstream.answer("idToken", () => oauthFailure("invalid_grant", description));
    await harness.login();
    await until(async () => (await status()).ended === ended);
    expect((await rejection(harness.token())).code).toBe(code);
  });
});

describe("logout", () => {
  test("forgets the session and revokes it", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await harness.token();
    expect(await askAgent(routes.logout)).toEqual({ wasLoggedIn: true, revoked: true });
    expect(harness.upstream.counts.revoke).toBe(1);
    expect((await rejection(harness.token())).code).toBe("login_needed");
    expect((await status()).ended).toBe("logged_out");
    expect(await askAgent(routes.logout)).toEqual({ wasLoggedIn: false, revoked: false });
  });

  test("forgets the session also when the server cannot be asked", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    harness.upstream.answer("revoke", () => new Response("down", { status: 503 }));
    expect(await askAgent(routes.logout)).toEqual({ wasLoggedIn: true, revoked: false });
    expect((await status()).session).toBeUndefined();
  });

  test.each(["idToken", "sts", "token"] as const)(
    "in the middle of %s is reported to whoever waits, and nothing is kept",
    async (step) => {
      await using harness = new AgentHarness();
      const held = harness.upstream.hold(step);
      await harness.login();
      const asked = rejection(harness.token());
      await held.arrived;
      await askAgent(routes.logout);
      expect((await asked).code).toBe("login_needed");
      held.release();
      expect((await status()).repositories[0]?.tokenExpiration).toBeUndefined();
      expect((await rejection(harness.token())).code).toBe("login_needed");
    },
  );

  test("a second login replaces the session, with a key of its own", async () => {
    await using harness = new AgentHarness([]);
    await harness.login();
    await harness.login();
    await until(() => harness.upstream.counts.revoke === 1);
    expect(new Set(harness.upstream.keys).size).toBe(2);
    expect((await status()).session?.user).toBe(user);
  });
});

describe("a ceremony of login or enrolment", () => {
  test("that was not begun here is refused without asking the server", async () => {
    await using harness = new AgentHarness();
    const failure = await rejection(askAgent(routes.loginFinish, { ceremony: "foreign", credential: {} }));
    expect(failure.code).toBe("login_denied");
    expect(harness.upstream.counts.login).toBe(0);
  });

  test("is finished once", async () => {
    await using harness = new AgentHarness();
    const { ceremony } = await askAgent(routes.loginStart);
    await askAgent(routes.loginFinish, { ceremony, credential: {} });
    expect((await rejection(askAgent(routes.loginFinish, { ceremony, credential: {} }))).code).toBe("login_denied");
    expect(harness.upstream.counts.login).toBe(1);
  });

  test("that takes longer than five minutes is refused", async () => {
    await using harness = new AgentHarness();
    const { ceremony } = await askAgent(routes.loginStart);
    harness.clock.pass(301);
    expect((await rejection(askAgent(routes.loginFinish, { ceremony, credential: {} }))).code).toBe("login_denied");
  });

  test("names the page of the server that gives codes, whatever the server calls it", async () => {
    await using harness = new AgentHarness();
    const ask = () => askAgent(routes.enrollWays, { server: `${harness.upstream.url}/` });
    expect(await ask()).toEqual({ announces: false });
    harness.upstream.answer("enrollWays", () =>
      Response.json({ singleSignOn: { name: "Acme", page: "https://evil.example" } }),
    );
    expect(await ask()).toEqual({
      announces: false,
      singleSignOn: { name: "Acme", page: `${harness.upstream.url}/enroll` },
    });
  });

  test("for an enrolment is carried out, and is no login", async () => {
    await using harness = new AgentHarness();
    const start = () => askAgent(routes.enrollStart, { server: `${harness.upstream.url}/`, code: "CODE" });
    const first = await start();
    expect(await askAgent(routes.enrollFinish, { ...first, options: undefined, credential: {} })).toEqual({
      user,
      credentialId: "Y3JlZGVudGlhbA",
      name: "security key",
    });
    const { ceremony } = await start();
    expect((await rejection(askAgent(routes.loginFinish, { ceremony, credential: {} }))).code).toBe("login_denied");
  });

  test("without a configured server a login names the next command", async () => {
    await using harness = new AgentHarness();
    harness.configure({ server: undefined });
    const failure = await rejection(askAgent(routes.loginStart));
    expect(failure).toMatchObject({ code: "settings_missing", hint: expect.stringContaining("vouch enroll") });
  });
});

test("neither status nor log contains a secret", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  const text = JSON.stringify(await status());
  expect(text).toContain(user);
  expect(text).not.toMatch(/secret|token-1|session-token/);
  expect(text).not.toContain(token);
  expect(harness.logged).toHaveLength(1);
  expect(harness.logged[0]).toStartWith(`logged in: ${user}, until `);
});

test("the beginning of a login connects to STS and CodeArtifact in advance, without a credential", async () => {
  await using harness = new AgentHarness();
  await askAgent(routes.loginStart);
  await until(() => harness.upstream.ahead.count === 2);
  expect(harness.upstream.ahead.withCredential).toBe(false);
  expect(harness.upstream.counts).toMatchObject({ sts: 0, token: 0 });
});

test("a server that does not answer is waited for no longer than asked, whatever its client does", async () => {
  await using harness = new AgentHarness();
  const answers = { user, lifetimeSeconds: 60, revoke: () => new Promise<void>(() => {}) } as unknown as VouchSession;
  const start = { now: harness.clock.now(), elapsed: harness.clock.elapsed() };
  const session = new Session(answers, harness.clock, start, { command: "vouch login" });
  expect(await session.revoke(20, "suspended", true)).toBe(false);
  expect(session.ended).toBe("suspended");
});
