/** Enrolment and pages by single sign-on, and an identity provider that misbehaves: status, reason and audit record. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Secret } from "../../../src/base/secret.ts";
import { IdentityProvider } from "../../../src/server/sso/provider.ts";
import { ssoSettings } from "../../../src/server/sso/settings.ts";
import type { SsoSettings } from "../../../src/server/sso/settings.ts";
import { ProviderUnavailableError } from "../../../src/server/sso/unavailable.ts";
import { sha256 } from "../../../src/server/random.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { Browser, type Page, shownCode } from "./browser.ts";
import { clientId, clientSecret, type Misbehaviour, StrangeProvider } from "./strange-provider.ts";

let provider: StrangeProvider;
let server: TestServer;
let browser: Browser;
beforeEach(async () => {
  provider = new StrangeProvider();
  await start();
});
afterEach(async () => {
  await server.stop();
  await provider.stop();
});

async function start(settings: Partial<SsoSettings> = {}): Promise<void> {
  const configured = ssoSettings({ "sso-issuer": provider.url, "sso-client-id": clientId })!;
  server = await startTestServer({
    singleSignOn: { ...configured, clientSecret: new Secret(clientSecret), ...settings },
  });
  provider.now = () => server.now();
  browser = new Browser(server);
}

async function restart(settings: Partial<SsoSettings>): Promise<void> {
  await server.stop();
  await start(settings);
}

/** The entries of the audit log, without what every server has. */
async function recorded(...events: string[]) {
  const entries = await server.store.audit.ofChain("test/0", 0, 1000);
  return entries.filter(({ event }) => events.includes(event));
}

async function enroll(code: string): Promise<number> {
  const { ceremony, options } = await server.enrollOptions(code);
  const credential = new TestSecurityKey().register(options, origin);
  return (await server.post("/v1/enroll", { ceremony, code, credential })).status;
}

describe("a person without a key", () => {
  test("gets a code by single sign-on that enrols one key within ten minutes", async () => {
    const page = await browser.signOn(provider);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.text).toContain(`vouch enroll --server ${origin}`);
    expect(page.text).toContain("dev@example.com");
    expect(await enroll(shownCode(page)!)).toBe(200);
    const identity = { issuer: provider.url, subject: "sub-1" };
    const user = (await server.store.identities.find(identity))!;
    expect(user).toMatchObject({ email: "dev@example.com", disabled: false });
    const [added, signOn, invite] = await recorded("identity_added", "sign_on", "invite");
    expect(added).toMatchObject({ event: "identity_added", user: user.id, address: "127.0.0.1", detail: identity });
    expect(signOn).toMatchObject({
      event: "sign_on",
      user: user.id,
      detail: { ...identity, for: "enroll", joined: [], left: [] },
    });
    expect(invite).toMatchObject({ event: "invite", user: user.id, detail: { expiresAt: server.now() + 600 } });
  });

  test("is led to the page of the code by the sign-in", async () => {
    const { text } = await browser.get("/");
    expect(text).toContain('<a href="/enroll">Get a code</a>');
    expect((await browser.get("/enroll")).text).toContain("Sign in, and this page shows");
    expect(text).not.toContain("administrator");
  });

  test("has one code at a time, and each for ten minutes", async () => {
    const first = shownCode(await browser.signOn(provider))!;
    const second = shownCode(await browser.signOn(provider))!;
    expect((await server.post("/v1/enroll/options", { code: first })).body.error.message).toContain("not known");
    server.advance(600);
    expect((await server.post("/v1/enroll/options", { code: second })).body.error.message).toContain("expired");
  });

  test("gets none after a key, also when all of theirs were removed", async () => {
    expect(await enroll(shownCode(await browser.signOn(provider))!)).toBe(200);
    const user = (await server.store.accounts.findUser("dev@example.com"))!;
    for (const step of ["with a key", "without"]) {
      const page = await browser.signOn(provider);
      expect({ step, status: page.status, code: shownCode(page) }).toEqual({ step, status: 403, code: undefined });
      expect(page.text).toContain("vouch server invite");
      await server.store.credentials.removeAll(user.id);
    }
    expect(await recorded("refuse")).toMatchObject([
      { user: user.id, detail: { path: "/sso/callback", code: "enrollment_denied", subject: "sub-1" } },
      { user: user.id },
    ]);
  });

  test("is refused once they are disabled", async () => {
    await browser.signOn(provider);
    const user = (await server.store.accounts.findUser("dev@example.com"))!;
    await server.store.accounts.setDisabled(user.id, server.now());
    const page = await browser.signOn(provider);
    expect({ status: page.status, code: shownCode(page) }).toEqual({ status: 403, code: undefined });
    expect(await recorded("refuse")).toMatchObject([
      { user: user.id, reason: "The administrator has disabled this account." },
    ]);
  });
});

describe("the pages", () => {
  test("get a session in a cookie, each time another", async () => {
    const page = await browser.signOn(provider, "pages");
    expect({ status: page.status, location: page.headers.get("location") }).toEqual({ status: 303, location: "/" });
    const first = browser.cookies.get("__Host-vouch-page")!;
    expect(await server.store.pageSessions.find(sha256(first))).toMatchObject({
      user: { email: "dev@example.com" },
      method: "sso",
      credentialId: undefined,
    });
    expect((await browser.get("/")).text).toContain("dev@example.com");
    expect((await browser.get("/enroll")).text).toMatch(/You are signed in as dev@example\.com\. .*Get the code/s);
    await browser.signOn(provider, "pages");
    expect(browser.cookies.get("__Host-vouch-page")).not.toBe(first);
    expect(await recorded("page_sign_in")).toMatchObject([
      { detail: { method: "sso" } },
      { detail: { method: "sso" } },
    ]);
  });

  test("are what a sign-on without a purpose is for, as the sign-in page begins it", async () => {
    expect((await browser.get("/sign-in")).text).toContain('href="/sso/begin"');
    const { headers } = await browser.get("/sso/begin");
    const back = await browser.comeBack(provider.signIn(headers.get("location")!));
    expect(back.headers.get("location")).toBe("/");
  });
});

describe("the way back", () => {
  test("is good once, and in the browser that began it", async () => {
    const back = provider.signIn(await browser.begin("enroll"));
    const others = new Browser(server);
    await others.begin("enroll");
    for (const other of [new Browser(server), others]) {
      const page = await other.comeBack(back);
      expect({ status: page.status, code: shownCode(page) }).toEqual({ status: 400, code: undefined });
    }
    expect((await browser.comeBack(back)).status).toBe(200);
    const again = await browser.comeBack(back);
    expect({ status: again.status, code: shownCode(again) }).toEqual({ status: 400, code: undefined });
    expect(again.text).toContain("finished before");
    // What a browser makes up is in the server's log alone.
    expect(await recorded("refuse")).toEqual([]);
  });

  test("is open for ten minutes, and what was never finished is purged", async () => {
    const back = provider.signIn(await browser.begin("enroll"));
    server.advance(600);
    expect((await browser.comeBack(back)).status).toBe(400);
    const state = new URL(await browser.begin("enroll")).searchParams.get("state")!;
    const cookie = browser.cookies.get("__Host-vouch-sign-on")!;
    server.advance(600);
    await server.store.purge(server.now());
    expect(await server.store.signOns.take(sha256(state), sha256(cookie))).toBeUndefined();
  });

  test("stays good in one tab when another begins, too", async () => {
    const first = provider.signIn(await browser.begin("enroll"));
    const second = provider.signIn(await browser.begin("enroll"));
    expect((await browser.comeBack(first)).status).toBe(200);
    expect((await browser.comeBack(second)).status).toBe(200);
  });

  test.each(["", "elsewhere", "https://evil.example.com", "enroll&for=pages"])(
    "leads nowhere else: for=%s",
    async (purpose) => {
      const page = await browser.get(`/sso/begin?for=${purpose}`);
      expect({ status: page.status, location: page.headers.get("location") }).toEqual({ status: 400, location: null });
    },
  );
});

const denied = { status: 403, code: "login_denied" };
const away = { status: 503, code: undefined };

interface Row extends Misbehaviour {
  title: string;
  settings?: Partial<SsoSettings>;
  expected: { status: number; code: string | undefined };
  reason: RegExp;
}

const rows: Row[] = [
  { title: "a nonce of another sign-on", claims: { nonce: "other" }, expected: denied, reason: /nonce/ },
  { title: "no nonce", claims: { nonce: undefined }, expected: denied, reason: /nonce/ },
  {
    title: "an ID token of another issuer",
    claims: { iss: "https://evil.example.com" },
    expected: denied,
    reason: /iss/,
  },
  { title: "an ID token for another client", claims: { aud: "other" }, expected: denied, reason: /aud/ },
  {
    title: "an ID token for several, of another party",
    claims: { aud: [clientId, "other"], azp: "other" },
    expected: denied,
    reason: /azp/,
  },
  {
    title: "an ID token for several, of no party",
    claims: { aud: [clientId, "other"] },
    expected: denied,
    reason: /aud/,
  },
  { title: "an expired ID token", claims: { exp: 1_799_999_000 }, expected: denied, reason: /exp/ },
  { title: "an ID token without an end", claims: { exp: undefined }, expected: denied, reason: /exp/ },
  { title: "an unsigned ID token", sign: "none", expected: denied, reason: /alg/ },
  { title: "an ID token by the client's secret", sign: "hs256", expected: denied, reason: /alg/ },
  { title: "an ID token of another's key", sign: "another's key", expected: denied, reason: /signature/i },
  {
    title: "an algorithm that the provider does not name",
    sign: "another algorithm of the same key",
    expected: denied,
    reason: /alg/,
  },
  { title: "no ID token", tokens: { id_token: undefined }, expected: denied, reason: /id_token/ },
  { title: "a token that is none", tokens: { id_token: "a.b.c" }, expected: denied, reason: /not accepted/ },
  {
    title: "the way back of another provider (mix-up)",
    back: { iss: "https://evil.example.com" },
    expected: denied,
    reason: /iss/,
  },
  { title: "a way back that does not say whose (mix-up)", back: { iss: undefined }, expected: denied, reason: /iss/ },
  {
    title: "a code that the provider does not know",
    back: { code: "other" },
    expected: denied,
    reason: /invalid_grant \(no such code\)/,
  },
  { title: "no code", back: { code: undefined }, expected: denied, reason: /code/ },
  {
    title: "a refusal of the provider",
    back: { code: undefined, error: "access_denied", error_description: "<b>no\u001b[2J</b>" },
    expected: denied,
    reason: /access_denied \(<b>no.\[2J<\/b>\)/,
  },
  { title: "a token in place of a code", back: { id_token: "a.b.c" }, expected: denied, reason: /implicit/ },
  { title: "an address that is not verified", claims: { email_verified: false }, expected: denied, reason: /verified/ },
  {
    title: "an address of which nothing is said",
    claims: { email_verified: undefined },
    expected: denied,
    reason: /verified/,
  },
  { title: "no address", claims: { email: undefined }, expected: denied, reason: /no e-mail address/ },
  {
    title: "an address that is none",
    claims: { email: "dev@example.com\u0000<script>" },
    expected: denied,
    reason: /no e-mail address/,
  },
  { title: "a subject that is none", claims: { sub: "a\u0000b" }, expected: denied, reason: /subject/ },
  { title: "a subject that is too long", claims: { sub: "s".repeat(256) }, expected: denied, reason: /subject/ },
  {
    title: "a domain that is not let in",
    settings: { domains: ["example.org"] },
    expected: denied,
    reason: /domain example\.com/,
  },
  {
    title: "a domain that only ends like one that is",
    settings: { domains: ["ple.com"] },
    expected: denied,
    reason: /domain/,
  },
  {
    title: "a tenant that is not let in",
    settings: { tenants: ["t-1"] },
    claims: { tid: "t-2" },
    expected: denied,
    reason: /organisation/,
  },
  {
    title: "no tenant where one is asked for",
    settings: { tenants: ["t-1"] },
    expected: denied,
    reason: /organisation/,
  },
  {
    title: "a tenant that UserInfo alone names",
    settings: { tenants: ["t-1"] },
    claims: { email: undefined },
    userInfo: { sub: "sub-1", tid: "t-1" },
    expected: denied,
    reason: /organisation/,
  },
  {
    title: "groups that are not let in",
    settings: { groups: ["a"] },
    claims: { groups: ["b", { a: 1 }, 7, null] },
    expected: denied,
    reason: /none of the groups/,
  },
  {
    title: "groups that were left out",
    settings: { groups: ["a"] },
    claims: { _claim_names: { groups: "src1" } },
    expected: denied,
    reason: /which groups/,
  },
  {
    title: "UserInfo of another subject",
    claims: { email: undefined },
    userInfo: { sub: "sub-2", email: "dev@example.com", email_verified: true },
    expected: denied,
    reason: /sub/,
  },
  {
    title: "a verification of another address by UserInfo",
    claims: { email_verified: undefined },
    userInfo: { sub: "sub-1", email: "other@example.com", email_verified: true },
    expected: denied,
    reason: /verified/,
  },
  {
    title: "a redirect in place of tokens",
    answers: { "/token": () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:9" } }) },
    expected: away,
    reason: /redirect/,
  },
  {
    title: "a redirect in place of keys",
    answers: { "/jwks": () => Response.redirect("https://evil.example.com/jwks") },
    expected: away,
    reason: /redirect/,
  },
  {
    title: "a huge answer",
    answers: { "/token": () => new Response("[".repeat((1 << 20) + 1)) },
    expected: away,
    reason: /larger than/,
  },
  {
    title: "huge keys",
    answers: { "/jwks": () => new Response(`{"keys":[${"1,".repeat(1 << 20)}1]}`) },
    expected: away,
    reason: /larger than/,
  },
  {
    title: "a failure",
    answers: { "/token": () => new Response("no", { status: 500 }) },
    expected: away,
    reason: /status 500/,
  },
  {
    title: "a refusal of the server itself",
    answers: { "/token": () => Response.json({ error: "invalid_client" }, { status: 401 }) },
    expected: away,
    reason: /invalid_client/,
  },
  {
    title: "an answer that is no JSON",
    answers: { "/token": () => new Response("<html>") },
    expected: denied,
    reason: /not accepted/,
  },
  {
    title: "keys that are none",
    answers: { "/jwks": () => Response.json({ keys: [{ kty: "RSA", n: "?", e: "AQAB", kid: "1" }] }) },
    expected: denied,
    reason: /not accepted/,
  },
];

describe("a provider that misbehaves enrols nobody", () => {
  test.each(rows.map((row) => [row.title, row] as const))("%s", async (_, { settings, expected, reason, ...does }) => {
    if (settings !== undefined) await restart(settings);
    provider.does = does;
    const page = await browser.signOn(provider);
    expect({ status: page.status, code: shownCode(page), page: page.text }).toMatchObject({
      status: expected.status,
      code: undefined,
    });
    expect(page.text).not.toContain("<b>no");
    // Of what the library found wrong, the log has its words.
    expect(page.text).not.toMatch(/unexpected|JWT|parameter|[Rr]esponse/);
    expect(page.text).not.toContain("<script>");
    const log = server.logs.findLast((entry) => "path" in entry && entry.path === "/sso/callback");
    expect(log).toMatchObject({ status: expected.status, detail: expect.stringMatching(reason) });
    const refusals = await recorded("refuse");
    if (expected.code === undefined) expect(refusals).toEqual([]);
    else {
      expect(refusals).toMatchObject([
        {
          user: null,
          address: "127.0.0.1",
          reason: expect.stringMatching(reason),
          detail: { path: "/sso/callback", code: expected.code, issuer: provider.url },
        },
      ]);
    }
    expect(await recorded("identity_added", "sign_on", "invite")).toEqual([]);
    expect(await server.store.accounts.findUser("dev@example.com")).toBeUndefined();
  });

  test("an answer that never comes ends after a time limit", async () => {
    const silence = Promise.withResolvers<Response>();
    provider.does = { answers: { "/token": () => silence.promise } };
    const settings = {
      ...ssoSettings({ "sso-issuer": provider.url, "sso-client-id": clientId })!,
      clientSecret: new Secret(clientSecret),
    };
    const patient = new IdentityProvider({
      settings,
      redirectUri: `${origin}/sso/callback`,
      env: {},
      now: () => server.now(),
      discovered: () => {},
      timeoutMs: 50,
    });
    const binding = { state: "state", nonce: "nonce", verifier: "v".repeat(43) };
    const back = provider.signIn((await patient.authorizationUrl(binding)).href);
    const failure = patient.finish(back.searchParams, binding);
    expect(await failure.catch((error: unknown) => error)).toBeInstanceOf(ProviderUnavailableError);
    silence.resolve(new Response());
    await patient.stop();
  });
});

describe("identities", () => {
  test("an address that is a person's already makes nobody that person; the command links them", async () => {
    await server.invite("dev@example.com");
    const user = (await server.store.accounts.findUser("dev@example.com"))!;
    const page = await browser.signOn(provider);
    expect({ status: page.status, code: shownCode(page) }).toEqual({ status: 403, code: undefined });
    expect(page.text).toContain("vouch server users link dev@example.com --subject=sub-1");
    expect(await recorded("refuse")).toMatchObject([
      { user: user.id, detail: { code: "login_denied", subject: "sub-1", email: "dev@example.com" } },
    ]);
    await server.store.identities.add({ issuer: provider.url, subject: "sub-1" }, user.id, server.now());
    expect((await browser.signOn(provider)).status).toBe(200);
  });

  test("a person stays who they are when their address changes, and nobody gets another's by it", async () => {
    await browser.signOn(provider);
    provider.does = { claims: { email: "new-name@example.com" } };
    expect((await browser.signOn(provider)).text).toContain("dev@example.com");
    provider.does = { claims: { sub: "sub-2" } };
    expect((await browser.signOn(provider)).status).toBe(403);
  });

  test.each<[string, Misbehaviour, Partial<SsoSettings>]>([
    [
      "an address that UserInfo has",
      {
        claims: { email: undefined, email_verified: undefined },
        userInfo: { sub: "sub-1", email: "DEV@example.com", email_verified: "true" },
      },
      {},
    ],
    ["Entra's claims", { claims: { email_verified: undefined, xms_edov: 1, tid: "T-1" } }, { tenants: ["t-1"] }],
    ["Google's claims", { claims: { hd: "example.com" } }, { tenants: ["example.com"], domains: ["example.com"] }],
    ["a group as Keycloak names it", { claims: { groups: ["/staff", "/a/b"] } }, { groups: ["staff"] }],
    ["a single group as text", { claims: { roles: "staff" } }, { groups: ["staff"], groupsClaim: "roles" }],
  ])("%s let a person in", async (_, does, settings) => {
    await restart(settings);
    provider.does = does;
    expect((await browser.signOn(provider)).status).toBe(200);
    expect(await server.store.accounts.findUser("dev@example.com")).toBeDefined();
  });

  test("each sign-on replaces the groups that the one before gave, and leaves others", async () => {
    provider.does = { claims: { groups: ["developers", "platform", "<script>", "x".repeat(100)] } };
    await browser.signOn(provider);
    const user = (await server.store.accounts.findUser("dev@example.com"))!;
    const names = async () => (await server.store.groups.ofUser(user.id)).map(({ group }) => group.name);
    expect(await names()).toEqual(["developers", "platform"]);
    const own = (await server.store.groups.create("admins", "local", server.now()))!;
    await server.store.groups.join(own.id, user.id, "local");
    provider.does = { claims: { groups: ["platform"] } };
    await browser.signOn(provider, "pages");
    expect(await names()).toEqual(["admins", "platform"]);
    provider.does = { claims: { _claim_names: { groups: "src1" } } };
    await browser.signOn(provider, "pages");
    expect(await names()).toEqual(["admins", "platform"]);
    expect((await recorded("sign_on")).map(({ detail }) => [detail["joined"], detail["left"]])).toEqual([
      [["developers", "platform"], []],
      [[], ["developers"]],
      [[], []],
    ]);
  });
});

describe("a provider that is away", () => {
  test("stops neither the server nor logins: pages say so, and it is found again", async () => {
    await server.stop();
    const { port } = new URL(provider.url);
    await provider.stop();
    await start();
    const key = new TestSecurityKey();
    expect((await server.enroll(key)).status).toBe(200);
    const page = await browser.get("/sso/begin?for=enroll");
    expect(page.status).toBe(503);
    expect(page.headers.get("retry-after")).toBe("30");
    expect(page.text).toContain("identity provider cannot be asked");
    expect(server.logs).toContainEqual(expect.objectContaining({ event: "sso_failed" }));
    provider = new StrangeProvider(Number(port));
    provider.now = () => server.now();
    const other = { claims: { email: "other@example.com" } };
    provider.does = other;
    expect((await browser.signOn(provider)).status).toBe(200);
  });

  test.each<[string, Misbehaviour["metadata"], RegExp]>([
    ["another issuer", (metadata) => ({ ...metadata, issuer: "https://evil.example.com" }), /issuer/],
    ["a token endpoint that is missing", (metadata) => ({ ...metadata, token_endpoint: undefined }), /token_endpoint/],
    ["a token endpoint that is no URL", (metadata) => ({ ...metadata, token_endpoint: 7 }), /token_endpoint/],
    ["keys by another scheme", (metadata) => ({ ...metadata, jwks_uri: "file:///etc/passwd" }), /jwks_uri/],
  ])("so is one whose metadata has %s", async (_, metadata, reason) => {
    await server.stop();
    provider.does = { metadata: metadata! };
    await start();
    expect((await browser.get("/sso/begin?for=enroll")).status).toBe(503);
    expect(server.logs).toContainEqual(
      expect.objectContaining({ event: "sso_failed", detail: expect.stringMatching(reason) }),
    );
  });
});

test("a server says which status the metadata has, where the issuer is another's path", async () => {
  await restart({ issuer: `${provider.url}/realms/none` });
  expect((await browser.get("/sso/begin?for=enroll")).status).toBe(503);
  const detail = expect.stringContaining("with status 404");
  expect(server.logs).toContainEqual(expect.objectContaining({ event: "sso_failed", detail }));
});

describe("without single sign-on", () => {
  test("the pages are not there, and the ways say so", async () => {
    expect((await server.send("/v1/enroll/ways")).body).toEqual({
      invite: true,
      singleSignOn: { name: new URL(provider.url).host },
    });
    await server.stop();
    server = await startTestServer();
    browser = new Browser(server);
    for (const path of ["/enroll", "/sso/begin?for=enroll", "/sso/callback?code=a&state=b"]) {
      const page: Page = await browser.get(path);
      expect({ path, status: page.status, type: page.headers.get("content-type") }).toEqual({
        path,
        status: 404,
        type: "text/html; charset=utf-8",
      });
    }
    expect((await server.send("/v1/enroll/ways")).body).toEqual({ invite: true });
  });
});
