/** The identity provider asked at logins: who is let in, what ends, and a provider that misbehaves. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Secret } from "../../../src/base/secret.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { startServer } from "../../../src/server/server.ts";
import { localKek } from "../../../src/server/signing/local-kek.ts";
import { ssoSettings, type SsoSettings } from "../../../src/server/sso/settings.ts";
import { openStore } from "../../../src/server/store/open.ts";
import { change, newHolder } from "../administration/administrators.ts";
import { BrowserClient } from "../oauth/browser-client.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { Visitor } from "../pages/visitor.ts";
import { email, origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { Browser, shownCode } from "./browser.ts";
import { clientId, clientSecret, type Misbehaviour, StrangeProvider } from "./strange-provider.ts";

const kek = await localKek(new Secret(new Uint8Array(32).fill(5)));
const graceSeconds = 24 * 3600;
/** Longer than any test: a login waits for the provider's answer. */
const patientMs = 600_000;

let provider: StrangeProvider;
let server: TestServer;
let dpop: DpopKey;
beforeEach(async () => {
  provider = new StrangeProvider();
  provider.does = { offline: "scope" };
  dpop = await DpopKey.generate();
  await start();
});
afterEach(async () => {
  await server.stop();
  await provider.stop();
});

function settingsWith(settings: Partial<SsoSettings>): SsoSettings {
  const configured = ssoSettings({ "sso-issuer": provider.url, "sso-client-id": clientId })!;
  return { ...configured, clientSecret: new Secret(clientSecret), recheck: { graceSeconds }, ...settings };
}

async function start(settings: Partial<SsoSettings> = {}, recheckWaitMs = patientMs): Promise<void> {
  server = await startTestServer({
    singleSignOn: settingsWith(settings),
    keyProtector: kek,
    recheckWaitMs,
    browserLogin: { publish: false },
    rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
  });
  provider.now = () => server.now();
}

async function restart(settings: Partial<SsoSettings>, recheckWaitMs?: number): Promise<void> {
  await server.stop();
  await start(settings, recheckWaitMs);
}

/** A person who has signed on at the provider, with a key. */
async function person(): Promise<TestSecurityKey> {
  const code = shownCode(await new Browser(server).signOn(provider))!;
  const { ceremony, options } = await server.enrollOptions(code);
  const key = new TestSecurityKey();
  await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin) });
  return key;
}

const identity = () => ({ issuer: provider.url, subject: "sub-1" });
const user = async () => (await server.store.accounts.findUser(email))!;
const state = async () => (await server.store.identities.recheckOf((await user()).id, provider.url))!;

async function recorded(...events: string[]) {
  const entries = await server.store.audit.ofChain("test/0", 0, 1000);
  return entries.filter(({ event }) => events.includes(event));
}

/** Makes the provider hold its answers; returns when a refresh token has come, and a way to let it answer. */
function heldAnswer(): { came: Promise<void>; answer: () => void } {
  const came = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  provider.does.hold = async () => {
    came.resolve();
    await gate.promise;
  };
  return { came: came.promise, answer: gate.resolve };
}

/** Waits for a condition that another part of this process brings about. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(5);
}

describe("a person who has signed on", () => {
  test("logs in as long as the provider confirms them, which the audit log has", async () => {
    const key = await person();
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(provider.shown).toEqual([...provider.live.keys()]);
    expect(await recorded("login")).toMatchObject([{ detail: { recheck: "confirmed" } }]);
  });

  test("is refused once the provider has disabled them: sessions end, the open code is withdrawn, nobody asks again", async () => {
    const key = await person();
    const session = (await server.login(key, dpop)).body.access_token;
    const invited = await server.invite();
    provider.does.refuses = { error: "invalid_grant", error_description: "User disabled" };
    const { status, body } = await server.login(key, dpop);
    expect([status, body.error]).toEqual([400, "invalid_grant"]);
    expect(body.error_description).toContain("lets you in no more (invalid_grant (User disabled))");
    expect(body.error_description).toContain(`${origin}/sign-in`);
    expect((await server.exchange(session, dpop)).body.error_description).toBe("The session was revoked.");
    expect((await server.post("/v1/enroll/options", { code: invited })).status).toBe(403);
    expect(await recorded("identity_refused")).toMatchObject([
      { user: (await user()).id, reason: "invalid_grant (User disabled)", detail: { ...identity(), sessions: 1 } },
    ]);
    const [refusal] = await recorded("refuse");
    expect(refusal).toMatchObject({
      user: (await user()).id,
      reason: expect.stringContaining("lets you in no more"),
      detail: { path: "/oauth/token", code: "invalid_grant" },
    });
    delete provider.does.refuses;
    expect((await server.login(key, dpop)).status).toBe(400);
    expect(provider.shown).toHaveLength(2);
    expect(await state()).toMatchObject({ refreshToken: undefined, refusedAt: server.now() });
  });

  test("gets in again by a sign-on at the page", async () => {
    const key = await person();
    provider.does.refuses = { error: "invalid_grant" };
    expect((await server.login(key, dpop)).status).toBe(400);
    delete provider.does.refuses;
    expect((await new Browser(server).signOn(provider, "pages")).status).toBe(303);
    expect((await server.login(key, dpop)).status).toBe(200);
    expect((await state()).refusedAt).toBeUndefined();
  });

  test.each(["access_denied", "interaction_required", "login_required", "consent_required"])(
    "is refused for the error %s",
    async (error) => {
      const key = await person();
      provider.does.refuses = { error };
      expect((await server.login(key, dpop)).status).toBe(400);
      expect((await state()).refusedAt).toBe(server.now());
    },
  );

  test("is not let in by the provider who was disabled here while it was asked", async () => {
    const key = await person();
    const held = heldAnswer();
    const answer = server.login(key, dpop);
    await held.came;
    await server.store.accounts.setDisabled((await user()).id, server.now());
    held.answer();
    expect((await answer).body.error_description).toBe("The administrator has disabled this account.");
  });

  test("is asked about at a sign-in to the pages, and where a browser login's code is redeemed", async () => {
    const key = await person();
    const visitor = new Visitor(server);
    expect((await visitor.signIn(key)).status).toBe(303);
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    expect((await client.redeem(code)).status).toBe(200);
    expect(await recorded("page_sign_in", "login")).toMatchObject([
      { detail: { method: "key", recheck: "confirmed" } },
      { detail: { by: "browser", recheck: "confirmed" } },
    ]);
    const later = await BrowserClient.begin(server);
    const another = await later.code(key);
    provider.does.refuses = { error: "invalid_grant" };
    const refused = await later.redeem(another);
    expect([refused.status, refused.body.error]).toEqual([400, "invalid_grant"]);
    expect(refused.body.error_description).toContain("lets you in no more");
    delete provider.does.refuses;
    expect((await later.redeem(another)).body.error_description).toContain("used before");
    const page = await new Visitor(server).signIn(key);
    const text = await page.text();
    expect([page.status, text]).toEqual([403, expect.stringContaining("lets you in no more")]);
    expect(text).toContain(`<a href="/sign-in">${origin}/sign-in</a> with `);
    expect((await visitor.get("/")).headers.get("location") ?? (await (await visitor.get("/")).text())).toContain(
      "Sign in",
    );
  });

  test("whose code is not this client's is not asked about", async () => {
    const key = await person();
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const [asked] = [provider.shown.length];
    expect((await client.redeem(code, { code_verifier: "A".repeat(43) })).status).toBe(400);
    expect((await client.redeem(code)).status).toBe(400);
    expect(provider.shown).toHaveLength(asked);
  });
});

describe("a refresh token", () => {
  test("is in no file, answer, log or audit entry in clear text, also of a provider that repeats it", async () => {
    const key = await person();
    await server.login(key, dpop);
    const [token = ""] = provider.live.keys();
    provider.does.refuses = { error: "invalid_grant", error_description: `${token} is not good` };
    const { body } = await server.login(key, dpop);
    await new Browser(server).signOn(provider, "pages");
    const [, next = ""] = provider.live.keys();
    provider.does.refuses = { error: "server_error", error_description: `not now: ${next}` };
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(provider.shown).toEqual([token, token, next]);
    const entries = await server.store.audit.ofChain("test/0", 0, 1000);
    const path = server.database.slice("sqlite:".length);
    const files = [path, `${path}-wal`].map((file) => readFileSync(file, "latin1"));
    for (const text of [JSON.stringify([body, server.logs, entries]), ...files]) {
      for (const each of [token, next]) expect(text.includes(each.slice(0, 24))).toBe(false);
    }
    expect(JSON.parse((await state()).refreshToken!)).toMatchObject({ by: "kek", kek: kek.kek });
  });

  test("is replaced by the one that the provider rotates to, login after login", async () => {
    provider.does.rotates = true;
    const key = await person();
    for (let login = 0; login < 4; login++) expect((await server.login(key, dpop)).status).toBe(200);
    expect(new Set(provider.shown).size).toBe(4);
  });

  test("is shown once by logins at the same time, of several servers, to a provider that finds it used twice", async () => {
    provider.does.rotates = true;
    const keys = [await person()];
    for (let more = 0; more < 3; more++) {
      const key = new TestSecurityKey();
      await server.enroll(key);
      keys.push(key);
    }
    const store = await openStore(server.database, {
      create: false,
      now: server.now(),
      clock: () => server.now(),
      replica: "b",
    });
    const replica = await startServer({
      store,
      hostname: "127.0.0.1",
      port: 0,
      now: () => server.now(),
      monotonic: () => server.now(),
      log: () => {},
      singleSignOn: settingsWith({}),
      keyProtector: kek,
      recheckWaitMs: patientMs,
    });
    onTestFinished(async () => {
      await replica.stop();
      await store.close();
    });
    const other = { ...server, base: `http://127.0.0.1:${replica.port}` };
    other.send = async (path, init) => {
      const response = await fetch(other.base + path, init);
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    const loginAt = async (at: TestServer, key: TestSecurityKey) => {
      const { ceremony, options } = await server.loginOptions();
      const form = new URLSearchParams({
        grant_type: webauthnGrant,
        ceremony,
        credential: JSON.stringify(key.authenticate(options, origin)),
      });
      return await at.send("/oauth/token", { method: "POST", headers: { dpop: await server.proof(dpop) }, body: form });
    };
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(keys.map((key, index) => loginAt(index % 2 === 0 ? server : other, key)));
      expect(answers.map(({ status, body }) => [status, body.error_description])).toEqual(
        keys.map(() => [200, undefined]),
      );
    }
    expect(new Set(provider.shown).size).toBe(provider.shown.length);
    expect(provider.live.size).toBe(1);
  });

  test("that was rotated after the login stopped waiting is kept, and a refusal ends the session then", async () => {
    await restart({}, 1);
    provider.does.rotates = true;
    const key = await person();
    let held = heldAnswer();
    const first = await server.login(key, dpop);
    expect(first.status).toBe(200);
    await held.came;
    const before = (await state()).refreshToken;
    held.answer();
    await until(async () => (await state()).refreshToken !== before);
    held = heldAnswer();
    provider.does.refuses = { error: "invalid_grant" };
    let second = first;
    // The first of them may still share the answer that has come.
    await until(async () => {
      second = await server.login(key, dpop);
      expect(second.status).toBe(200);
      return provider.shown.length === 2;
    });
    expect(provider.live.has(provider.shown[1]!)).toBe(true);
    held.answer();
    await until(async () => (await state()).refusedAt !== undefined);
    expect((await server.exchange(second.body.access_token, dpop)).body.error_description).toBe(
      "The session was revoked.",
    );
  });

  test("of which another server says nothing is free again after a minute", async () => {
    await restart({}, 1);
    const key = await person();
    const kept = { ...identity(), refreshToken: (await state()).refreshToken! };
    expect(await server.store.identities.reserve(kept, server.now(), server.now() + 60)).toBe(true);
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(provider.shown).toEqual([]);
    server.advance(60);
    await until(() => provider.shown.length === 1);
  });

  test("is asked for with the person's consent where there is none, once", async () => {
    provider.does.offline = "consent";
    const browser = new Browser(server);
    const again = await browser.signOn(provider);
    expect(again.status).toBe(303);
    const authorization = again.headers.get("location")!;
    expect(new URL(authorization).searchParams.get("prompt")).toBe("consent");
    expect(shownCode(await browser.comeBack(provider.signIn(authorization)))).toBeDefined();
    expect((await state()).refreshToken).toBeDefined();
    expect(shownCode(await browser.signOn(provider))).toBeDefined();
    expect(provider.live.size).toBe(1);
  });

  test("is not asked for, nor kept, where the setting is off", async () => {
    await restart({ recheck: undefined });
    provider.does.tokens = { refresh_token: "unasked" };
    const key = await person();
    expect((await state()).refreshToken).toBeUndefined();
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(provider.shown).toEqual([]);
  });
});

test("a person who has never signed on is let in, and the list of people says so", async () => {
  const invited = new TestSecurityKey();
  await server.enroll(invited);
  expect((await server.login(invited, dpop)).status).toBe(200);
  expect(await recorded("login")).toMatchObject([{ detail: { client: null } }]);
  expect((await recorded("login"))[0]!.detail).not.toHaveProperty("recheck");
  const recheck = async () => (await server.store.accounts.summary(email, server.now()))!.recheck;
  expect(await recheck()).toBeUndefined();
  await server.store.identities.add(identity(), (await user()).id, server.now());
  await new Browser(server).signOn(provider, "pages");
  expect(await recheck()).toBe("asked");
  provider.does.refuses = { error: "invalid_grant" };
  expect((await server.login(invited, dpop)).status).toBe(400);
  expect(await recheck()).toBe("refused");
});

test("who is refused is no administrator beside whom another may go", async () => {
  const key = await person();
  await server.store.roles.setRole((await user()).id, "administrator");
  const administrator = await newHolder(server, "administrator");
  const asked = { type: "give-role", email: administrator.email, role: "member", last: false } as const;
  provider.does.refuses = { error: "invalid_grant" };
  expect((await server.login(key, dpop)).status).toBe(400);
  expect((await change(server, administrator, asked)).status).toBe(409);
  delete provider.does.refuses;
  await new Browser(server).signOn(provider, "pages");
  expect((await change(server, administrator, asked)).status).toBe(200);
});

describe("a provider that cannot be asked", () => {
  test("keeps everybody out where it may not be away at all", async () => {
    await restart({ recheck: { graceSeconds: 0 } });
    const key = await person();
    provider.does.answers = { "/token": () => new Response(null, { status: 500 }) };
    expect((await server.login(key, dpop)).status).toBe(503);
    expect((await new Visitor(server).signIn(key)).status).toBe(503);
    delete provider.does.answers;
    expect((await server.login(key, dpop)).status).toBe(200);
  });

  const big = "x".repeat((1 << 20) + 1);
  test.each<[string, Misbehaviour]>([
    ["fails", { answers: { "/token": () => new Response("down", { status: 500 }) } }],
    ["answers with no JSON", { answers: { "/token": () => new Response("<html>maintenance</html>") } }],
    ["answers with JSON of another form", { answers: { "/token": () => Response.json(["tokens"]) } }],
    ["answers with too much", { answers: { "/token": () => Response.json({ access_token: big }) } }],
    ["redirects", { answers: { "/token": () => Response.redirect("https://elsewhere.example") } }],
    ["does not know the client", { refuses: { error: "invalid_client" } }],
    [
      "does not say who it is",
      {
        claims: { email: undefined },
        answers: { "/userinfo": () => new Response(null, { status: 503 }) },
        rotates: true,
      },
    ],
  ])("and %s keeps nobody out for a day, and then everybody until it answers", async (_name, does) => {
    const key = await person();
    Object.assign(provider.does, does);
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(await recorded("login")).toMatchObject([{ detail: { recheck: "unavailable" } }]);
    expect(server.logs.filter((entry) => "event" in entry && entry.event === "sso_recheck_failed")).toHaveLength(1);
    server.advance(graceSeconds);
    const { status, body } = await server.login(key, dpop);
    expect([status, body.error]).toEqual([503, "temporarily_unavailable"]);
    expect(body.error_description).toContain("has not confirmed you for too long");
    provider.does = { offline: "scope" };
    expect((await server.login(key, dpop)).status).toBe(200);
  });
});

describe("an answer that proves nothing lets nobody in, and ends nothing", () => {
  test.each<[string, Misbehaviour]>([
    ["of another subject", { claims: { sub: "sub-2" } }],
    ["of another issuer", { claims: { iss: "https://other.example.com" } }],
    ["for another client", { claims: { aud: "another" } }],
    ["that has ended", { claims: { exp: 1 } }],
    ["without a signature", { sign: "none" }],
    ["signed by the client's secret", { sign: "hs256" }],
    ["signed by another's key", { sign: "another's key" }],
    ["that is none", { tokens: { id_token: "a.b.c" } }],
  ])("an ID token %s", async (_name, does) => {
    const key = await person();
    const session = (await server.login(key, dpop)).body.access_token;
    Object.assign(provider.does, does);
    expect((await server.login(key, dpop)).status).toBe(400);
    expect((await server.exchange(session, dpop)).status).toBe(200);
    provider.does = { offline: "scope" };
    expect((await server.login(key, dpop)).status).toBe(200);
  });
});

describe("the settings hold at each login", () => {
  test.each<[string, Partial<SsoSettings>, Record<string, unknown>]>([
    ["domain", { domains: ["example.com"] }, { email: "dev@example.org" }],
    ["group", { groups: ["developers"] }, { groups: ["sales"] }],
    ["tenant", { tenants: ["t1"] }, { tid: "t2" }],
  ])("%s: who does not fit them any more is refused until they do", async (_name, settings, claims) => {
    await restart(settings);
    const right = { groups: ["developers"], tid: "t1" };
    provider.does.claims = right;
    const key = await person();
    const session = (await server.login(key, dpop)).body.access_token;
    provider.does.claims = { ...right, ...claims };
    for (let login = 0; login < 2; login++) expect((await server.login(key, dpop)).status).toBe(400);
    expect((await server.exchange(session, dpop)).status).toBe(400);
    expect(await recorded("identity_refused")).toHaveLength(1);
    // Refused as long as nobody says otherwise.
    provider.does.answers = { "/token": () => new Response(null, { status: 500 }) };
    expect((await server.login(key, dpop)).status).toBe(400);
    provider.does = { offline: "scope", claims: right };
    expect((await server.login(key, dpop)).status).toBe(200);
  });

  test("groups are replaced by those of the new ID token, and stay without one", async () => {
    provider.does.claims = { groups: ["developers"] };
    const key = await person();
    const groups = async () => (await server.store.groups.ofUser((await user()).id)).map(({ group }) => group.name);
    provider.does.claims = { groups: ["platform"] };
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(await groups()).toEqual(["platform"]);
    expect(await recorded("group_joined", "group_left")).toMatchObject([
      { event: "group_joined", detail: { groups: ["platform"], source: "sso" } },
      { event: "group_left", detail: { groups: ["developers"], source: "sso" } },
    ]);
    provider.does.withoutIdToken = true;
    expect((await server.login(key, dpop)).status).toBe(200);
    expect(await groups()).toEqual(["platform"]);
  });
});
