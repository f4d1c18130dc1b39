import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { systemRetryClock } from "../../src/base/net/retry.ts";
import type { VouchSession } from "../../src/vouch-client/session.ts";
import { VouchServer } from "../../src/vouch-client/server.ts";
import { Secret } from "../../src/base/secret.ts";
import { rejection } from "../rejection.ts";
import { ManualClock } from "../agent/manual-clock.ts";
import { apiFailure, key, oauthFailure, Upstream, user } from "../agent/upstream.ts";

const credential = { id: "AA" };
const code = new Secret("CODE-1234");

let clock: ManualClock;
let upstream: Upstream;
beforeEach(() => {
  clock = new ManualClock();
  upstream = new Upstream(clock);
});
afterEach(() => upstream.stop());

/** A client whose clock is `aheadSeconds` ahead of the server's. */
function client(aheadSeconds = 0, url = upstream.url): VouchServer {
  return new VouchServer(url, { env: {}, now: () => clock.now() + aheadSeconds * 1000 });
}

/** What is done once, and may be done although its answer is lost. */
const operations = ["keyAdd", "keyRename", "keyRemove", "sessionsEnd"] as const;

const changes = ({ keys, sessions }: VouchSession) => [
  () => keys.add({ ceremony: "c", approval: {}, credential }),
  () => keys.rename({ ceremony: "c", approval: {}, id: key.id, name: "x" }),
  () => keys.remove({ ceremony: "c", approval: {}, id: key.id, force: false }),
  () => sessions.end({ which: "others" }),
];

const login = (server = client()) => server.login({ ceremony: "ceremony-1", credential });

describe("a session", () => {
  test("proves one key with each request, and a key of its own for each login", async () => {
    const session = await login();
    await session.idToken();
    await login();
    const [first, second, third] = upstream.keys;
    expect(second === first).toBe(true);
    expect(third === first).toBe(false);
  });

  test("knows its user and lasts at most eight hours", async () => {
    expect(await login()).toMatchObject({ user, lifetimeSeconds: 28_800 });
    upstream.answer("login", () =>
      Response.json({ access_token: "access-token-secret", token_type: "DPoP", expires_in: 28_801, user }),
    );
    expect((await login()).lifetimeSeconds).toBe(28_800);
  });

  test("shows nothing of its secrets", async () => {
    const session = await login();
    expect(Bun.inspect(session, { depth: 10 })).not.toContain("access-token");
    expect(JSON.stringify(session)).not.toContain("access-token");
    expect(Bun.inspect(await session.idToken())).not.toContain("id-token");
  });

  test("gives an ID token with its end by the clock", async () => {
    const { token, expiration } = await (await login()).idToken();
    expect(token.expose()).toBe("header.payload.id-token-secret");
    expect(expiration).toBe(clock.now() / 1000 + 300);
  });

  test.each([-3600, 3600])(
    "a clock that is %d seconds ahead of the server's is corrected by its Date, once",
    async (ahead) => {
      const session = await login(client(ahead));
      expect(upstream.counts.login).toBe(2);
      await session.idToken();
      expect(upstream.counts.idToken).toBe(1);
    },
  );

  test("sends the nonce that the server demands, and asks again where it is told one", async () => {
    upstream.nonce = "first";
    const session = await login();
    expect(upstream.counts.login).toBe(2);
    await session.idToken();
    expect(upstream.counts.idToken).toBe(1);
    upstream.nonce = "second";
    expect(await session.keys.list()).toEqual([key]);
    expect(upstream.counts.keys).toBe(2);
    await session.idToken();
    expect(upstream.counts.idToken).toBe(2);
  });

  test("corrects its clock and takes the nonce, where both are refused one after the other", async () => {
    upstream.nonce = "first";
    const session = await login(client(3600));
    expect(upstream.counts.login).toBeLessThanOrEqual(3);
    expect((await session.idToken()).expiration).toBeNumber();
  });

  test("says what the server says where it goes on demanding another nonce", async () => {
    let count = 0;
    upstream.answer("login", () =>
      oauthFailure("use_dpop_nonce", "Expected another nonce.", { "dpop-nonce": `nonce-${++count}` }),
    );
    expect(await rejection(login())).toMatchObject({
      code: "login_denied",
      message: expect.stringContaining("another nonce"),
      hint: expect.stringContaining("DPoP-Nonce"),
    });
    expect(upstream.counts.login).toBe(3);
  });

  test("a clock that goes wrong during the session is corrected by the Date of an API's refusal, once", async () => {
    let ahead = 0;
    const session = await login(new VouchServer(upstream.url, { env: {}, now: () => clock.now() + ahead * 1000 }));
    ahead = -3600;
    expect(await session.keys.list()).toEqual([key]);
    expect(upstream.counts.keys).toBe(2);
    await session.keys.list();
    expect(upstream.counts.keys).toBe(3);
  });

  test("a request about keys whose proof is refused for another reason is not sent again", async () => {
    const session = await login();
    const headers = {
      "www-authenticate": 'DPoP error="invalid_dpop_proof"',
      date: new Date(clock.now()).toUTCString(),
    };
    upstream.answer("keys", () => apiFailure(401, "access_denied", "The proof was used before.", headers));
    expect((await rejection(session.keys.list())).code).toBe("access_denied");
    expect(upstream.counts.keys).toBe(1);
  });

  test("a key is added, renamed and removed once: what comes of a second request would mislead", async () => {
    const session = await login();
    for (const operation of operations) {
      upstream.answer(operation, () => new Response("busy", { status: 503 }));
    }
    for (const change of changes(session)) expect((await rejection(change())).code).toBe("outcome_unknown");
    expect(upstream.counts).toMatchObject({ keyAdd: 1, keyRename: 1, keyRemove: 1, sessionsEnd: 1 });
  });

  test.each([
    ["a proxy's 504", () => new Response("", { status: 504 }), "outcome_unknown"],
    ["a rate limit, which is before the work", () => new Response("", { status: 429 }), "server_error"],
    ["a captive portal", () => new Response("<html>", { status: 200 }), "network"],
    ["a refusal", () => apiFailure(403, "access_denied", "No."), "access_denied"],
  ] as const)("whether a change was made after %s", async (_, answer, expected) => {
    const session = await login();
    for (const operation of operations) upstream.answer(operation, answer);
    for (const change of changes(session)) expect((await rejection(change())).code).toBe(expected);
  });

  test.each(operations)("whether a change was made after a cut connection: %s", async (operation) => {
    const session = await login();
    const held = upstream.hold(operation);
    const changing = rejection(changes(session)[operations.indexOf(operation)]!());
    await held.arrived;
    await upstream.stop();
    expect((await changing).code).toBe("outcome_unknown");
    held.release();
  });

  test("whether a change was made is known where no connection came about, and not where the request was cancelled", async () => {
    const session = await login();
    const held = upstream.hold("keyRemove");
    const controller = new AbortController();
    const removal = { ceremony: "c", approval: {}, id: key.id, force: false };
    const removing = rejection(session.keys.remove(removal, controller.signal));
    await held.arrived;
    controller.abort();
    expect((await removing).code).toBe("outcome_unknown");
    held.release();
    await upstream.stop();
    expect((await rejection(session.keys.remove(removal))).code).toBe("network");
  });

  test("a request whose proof is refused for another reason is not sent again", async () => {
    upstream.answer("login", () =>
      oauthFailure("invalid_dpop_proof", "The proof was used before.", { date: new Date(clock.now()).toUTCString() }),
    );
    const failure = await rejection(login());
    expect(failure).toMatchObject({ code: "login_denied", hint: expect.stringContaining("clock") });
    expect(upstream.counts.login).toBe(1);
  });

  test("a busy server is asked again, with a proof of its own each time", async () => {
    const session = await login();
    let failures = 0;
    upstream.answer("idToken", () =>
      failures++ < 2 ? new Response("busy", { status: failures === 1 ? 503 : 429 }) : undefined,
    );
    using waits = spyOn(systemRetryClock, "sleep").mockResolvedValue(undefined);
    await session.idToken();
    expect(upstream.counts.idToken).toBe(3);
    expect(waits).toHaveBeenCalledTimes(2);
  });

  test("a server that asks for a longer wait than a person has is not asked again, and the wait is named", async () => {
    const session = await login();
    const headers = { "retry-after": "30" };
    upstream.answer("idToken", () => new Response("busy", { status: 429, headers }));
    const error = await rejection(session.idToken());
    expect(error.hint).toStartWith("Try again in 30 s");
    expect(upstream.counts.idToken).toBe(1);
  });

  test("the wait that a server asks for is kept", async () => {
    const session = await login();
    let requests = 0;
    upstream.answer("idToken", () =>
      (requests += 1) === 1 ? new Response("busy", { status: 503, headers: { "retry-after": "1" } }) : undefined,
    );
    using waits = spyOn(systemRetryClock, "sleep").mockResolvedValue(undefined);
    await session.idToken();
    expect(waits).toHaveBeenCalledTimes(1);
    expect(waits.mock.calls[0]![0]).toBeGreaterThanOrEqual(1000);
    expect(requests).toBe(2);
  });

  test("a login is sent once, since its ceremony is used up", async () => {
    upstream.answer("login", () => new Response("busy", { status: 503 }));
    expect((await rejection(login())).code).toBe("server_error");
    expect(upstream.counts.login).toBe(1);
  });

  test("the caller's signal aborts what is under way", async () => {
    const session = await login();
    const held = upstream.hold("idToken");
    const ended = new AbortController();
    const asked = rejection(session.idToken(ended.signal));
    await held.arrived;
    ended.abort();
    expect((await asked).code).toBe("cancelled");
    held.release();
  });
});

describe("a refusal by the server", () => {
  test.each([
    ["invalid_grant", "The session has expired.", "session_expired"],
    ["invalid_grant", "The session was revoked.", "login_needed"],
    ["invalid_grant", "The session is not known.", "login_needed"],
    ["invalid_target", "No ID tokens for this audience.", "server_error"],
  ] as const)("of an ID token is told: %s, %p → %s", async (error, description, expected) => {
    const session = await login();
    upstream.answer("idToken", () => oauthFailure(error, description));
    expect((await rejection(session.idToken())).code).toBe(expected);
  });

  test("of a login is told in the server's words", async () => {
    upstream.answer("login", () => oauthFailure("invalid_grant", "This security key is not enrolled."));
    const failure = await rejection(login());
    expect(failure.code).toBe("login_denied");
    expect(failure.message).toContain("This security key is not enrolled.");
  });

  test.each([
    [403, "enrollment_denied", "enrollment_denied"],
    [409, "credential_excluded", "credential_excluded"],
    [409, "name_taken", "name_taken"],
    [400, "protocol_error", "enrollment_denied"],
  ])("of an enrolment is told: status %d, %s → %s", async (status, code_, expected) => {
    upstream.answer("enroll", () =>
      Response.json({ error: { code: code_, message: "No.", hint: "Ask." } }, { status }),
    );
    const failure = await rejection(client().enroll({ ceremony: "c", code, credential }));
    expect(failure).toMatchObject({ code: expected, message: "No.", hint: "Ask." });
  });

  test("a server's words cannot steer the terminal", async () => {
    upstream.answer("enroll", () =>
      Response.json({ error: { code: "enrollment_denied", message: "a\u001b[2Jb\r\nc\u009b" } }, { status: 403 }),
    );
    const { message } = await rejection(client().enroll({ ceremony: "c", code, credential }));
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

describe("an answer that is not a Vouch server's", () => {
  test.each<[string, () => Response]>([
    ["a web page", () => new Response("<html>", { status: 200 })],
    ["a web page that is not found", () => new Response("<!DOCTYPE html><p>", { status: 404 })],
    ["a redirect", () => Response.redirect("https://elsewhere.example/", 302)],
    ["a network's login page", () => new Response("", { status: 511 })],
  ])("names a captive portal and asks for the URL: %s", async (_, answer) => {
    upstream.answer("loginOptions", answer);
    const failure = await rejection(client().loginOptions());
    expect(failure).toMatchObject({
      code: "network",
      message: expect.stringContaining("captive portal"),
      hint: expect.stringContaining("Is this the URL of the Vouch server?"),
    });
    expect(upstream.counts.loginOptions).toBe(1);
  });

  test.each<[string, () => Response]>([
    ["JSON of another form", () => Response.json({ ceremony: 1 })],
    ["null", () => Response.json(null)],
    ["text", () => new Response("ok")],
    ["a cut answer", () => new Response('{"ceremony":"a","opti')],
  ])("says what was expected: %s", async (_, answer) => {
    upstream.answer("loginOptions", answer);
    const failure = await rejection(client().loginOptions());
    expect(failure.code).toBe("server_error");
    expect(failure.message).toContain(`${new URL(upstream.url).host} did not answer as a Vouch server`);
  });

  test.each<[string, object]>([
    ["a bearer token", { token_type: "Bearer" }],
    ["no lifetime", { expires_in: 0 }],
    ["a token that is no header value", { access_token: "line\nbreak-in-a-token" }],
  ])("is a server error when a login is answered with %s", async (_, change) => {
    const good = { access_token: "access-token-secret", token_type: "DPoP", expires_in: 60, user };
    upstream.answer("login", () => Response.json({ ...good, ...change }));
    expect((await rejection(login())).code).toBe("server_error");
  });

  test("is none at all where nobody listens, which is a network error", async () => {
    await upstream.stop();
    expect((await rejection(login())).code).toBe("network");
  });

  test("http to another machine is refused before anything is sent", async () => {
    expect((await rejection(() => client(0, "http://vouch.example.com"))).code).toBe("usage");
  });
});

test("the slash at the end of the server's URL does not matter", async () => {
  const server = client(0, `${upstream.url}/`);
  expect(server.url).toBe(upstream.url);
  await login(server);
});

test("an enrolment gives the user, the credential and its name", async () => {
  const server = client();
  const { ceremony } = await server.enrollOptions(code);
  expect(await server.enroll({ ceremony, code, credential })).toEqual({
    user,
    credentialId: "Y3JlZGVudGlhbA",
    name: "security key",
  });
});

test.each<[string, () => Response, object | undefined]>([
  ["no single sign-on", () => Response.json({ invite: true }), undefined],
  ["a server that knows no ways", () => apiFailure(404, "protocol_error", "There is nothing here."), undefined],
  [
    "a name, cleaned and cut, and a way that is not known yet",
    () =>
      Response.json({ invite: true, fax: 1, singleSignOn: { name: `\u001b[2J${"x".repeat(300)}`, page: "https://a" } }),
    { name: `\ufffd[2J${"x".repeat(60)}` },
  ],
])("the ways of enrolment: %s", async (_, answer, expected) => {
  upstream.answer("enrollWays", answer);
  expect((await client().enrollmentWays()).singleSignOn).toEqual(expected as never);
});

test("a revocation is confirmed, or the reason is given", async () => {
  const session = await login();
  await session.revoke(1000);
  expect(upstream.counts.revoke).toBe(1);
  upstream.answer("revoke", () => oauthFailure("unsupported_token_type", "No."));
  expect((await rejection(session.revoke(1000))).code).toBe("server_error");
});

describe("the list of sessions", () => {
  const listed = (number: number) => ({
    id: `${number}`.padStart(16, "0"),
    createdAt: number,
    expiresAt: number + 1,
    key: "blue",
    client: null,
    thisSession: false,
  });

  test("is read page by page, and has each session once", async () => {
    const asked: (string | null)[] = [];
    upstream.answer("sessions", (query) => {
      const after = query.get("after");
      asked.push(after);
      const sessions = after === null ? [listed(1), listed(2)] : [listed(2), listed(3)];
      return Response.json({ sessions, ...(after === null ? { next: "2-0000000000000002" } : {}) });
    });
    const { sessions } = await login();
    expect((await sessions.list()).map(({ createdAt }) => createdAt)).toEqual([1, 2, 3]);
    expect(asked).toEqual([null, "2-0000000000000002"]);
  });

  test("ends, whatever the server says", async () => {
    let count = 0;
    upstream.answer("sessions", () => Response.json({ sessions: [listed(++count)], next: "1-0000000000000001" }));
    const { sessions } = await login();
    expect(await sessions.list()).toHaveLength(20);
  });
});
