/** Signing in to the pages, and how a session of theirs ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DpopKey } from "../oauth/dpop-key.ts";
import { webauthnGrant } from "../../../src/server/oauth/issuer.ts";
import { sha256 } from "../../../src/server/random.ts";
import { ssoSettings } from "../../../src/server/sso/settings.ts";
import { origin, startTestServer, type TestServer } from "../test-server.ts";
import { TestSecurityKey, type Twist } from "../webauthn/security-key.ts";
import { enrolled, Visitor } from "./visitor.ts";

let server: TestServer;
let key: TestSecurityKey;
const email = "pages@example.com";
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
  key = await enrolled(server, email);
});
afterAll(() => server.stop());

const isSignedIn = async (who: Visitor) => (await (await who.get("/")).text()).includes("Sign out");
const user = async () => (await server.store.accounts.findUser(email))!;

async function signedIn(): Promise<Visitor> {
  const visitor = new Visitor(server);
  expect((await visitor.signIn(key)).status).toBe(303);
  expect(await isSignedIn(visitor)).toBe(true);
  return visitor;
}

test("a security key signs in: the page says who it is, and the audit log how", async () => {
  const visitor = new Visitor(server);
  expect(await (await visitor.get("/")).text()).toContain("Sign in with a security key");
  const answer = await visitor.signIn(key);
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  const page = await (await visitor.get("/")).text();
  for (const text of [email, "first", `vouch login --server ${origin}`]) expect(page).toContain(text);
  const [entry] = await server.store.audit.ofUser((await user()).id, { time: 1e12, chain: "", number: 0 }, 1);
  expect(entry).toMatchObject({ event: "page_sign_in", credential: key.id, detail: { method: "key" } });
});

test("who has no key is sent to an administrator where there is no single sign-on", async () => {
  const page = await (await new Visitor(server).get("/")).text();
  expect(page).toContain("Ask your administrator for a code");
  expect(page).not.toContain("/enroll");
});

test("leads on to the page that was asked for", async () => {
  const page = await (await new Visitor(server).get("/activity")).text();
  expect(page).toContain('name="next" value="activity"');
  expect((await new Visitor(server).signIn(key, {}, { next: "activity" })).headers.get("location")).toBe("/activity");
});

test.each<[string, Twist]>([
  ["by no key of anybody", { forged: true }],
  ["without user verification", { userVerified: false }],
  ["without a touch", { userPresent: false }],
  ["from another origin", { origin: "https://evil.example" }],
  ["from a page in a frame", { embedding: { crossOrigin: true } }],
  ["for another rp.id", { rpId: "evil.example" }],
  ["with another challenge", { challenge: "AAAA" }],
  ["of another type", { type: "webauthn.create" }],
  ["with a counter that went back", { counter: 0 }],
  ["for another user", { userHandle: "AAAA" }],
])("is refused with an assertion %s", async (_name, twist) => {
  const visitor = new Visitor(server);
  expect((await visitor.signIn(key, twist)).status).toBe(403);
  expect(visitor.cookie).toBeUndefined();
});

test("an unknown key, an unknown, used or old ceremony is refused", async () => {
  const visitor = new Visitor(server);
  expect((await visitor.signIn(new TestSecurityKey(), { userHandle: "AAAA" })).status).toBe(403);
  const begin = async () =>
    (await (await visitor.post("/sign-in/options", {})).json()) as ReturnType<typeof JSON.parse>;
  const { ceremony, options } = await begin();
  const answer = () => JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge }));
  expect((await visitor.post("/sign-in", { ceremony: "x", credential: answer() })).status).toBe(403);
  expect((await visitor.post("/sign-in", { ceremony, credential: answer() })).status).toBe(303);
  expect((await visitor.post("/sign-in", { ceremony, credential: answer() })).status).toBe(403);
  const late = await begin();
  server.advance(300);
  const credential = JSON.stringify(key.authenticate(late.options, origin, { challenge: late.options.challenge }));
  expect((await visitor.post("/sign-in", { ceremony: late.ceremony, credential })).status).toBe(403);
});

describe("a touch", () => {
  test("for the command line's login opens no page", async () => {
    const { ceremony, options } = await server.loginOptions();
    const credential = JSON.stringify(key.authenticate(options, origin));
    expect((await new Visitor(server).post("/sign-in", { ceremony, credential })).status).toBe(403);
    const visitor = new Visitor(server);
    const begun = (await (await visitor.post("/sign-in/options", {})).json()) as ReturnType<typeof JSON.parse>;
    expect((await visitor.post("/sign-in", { ceremony: begun.ceremony, credential })).status).toBe(403);
  });

  test("for the pages opens no session of the command line", async () => {
    const begun = (await (await new Visitor(server).post("/sign-in/options", {})).json()) as ReturnType<
      typeof JSON.parse
    >;
    const { challenge } = begun.options;
    const credential = JSON.stringify(key.authenticate(begun.options, origin, { challenge }));
    for (const ceremony of [begun.ceremony, (await server.loginOptions()).ceremony]) {
      const dpop = await server.proof(await DpopKey.generate());
      const login = { grant_type: webauthnGrant, ceremony, credential };
      expect((await server.form("/oauth/token", login, { dpop })).status).toBe(400);
    }
  });
});

describe("a session ends", () => {
  test("at its sign-out, and the cookie is cleared", async () => {
    const visitor = await signedIn();
    const token = visitor.cookie!;
    const answer = await visitor.post("/sign-out", { form_token: await visitor.formToken() });
    expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(await isSignedIn(new Visitor(server, token))).toBe(false);
  });

  test("when its browser signs in again, by whatever key, and the audit log has it", async () => {
    const visitor = await signedIn();
    const token = visitor.cookie!;
    const other = await enrolled(server, "again@example.com");
    expect((await visitor.signIn(other)).status).toBe(303);
    expect(await isSignedIn(visitor)).toBe(true);
    expect(await isSignedIn(new Visitor(server, token))).toBe(false);
    const [entry] = await server.store.audit.ofUser((await user()).id, { time: 1e12, chain: "", number: 0 }, 1);
    expect(entry).toMatchObject({ event: "page_sign_out", credential: key.id });
  });

  test("after 30 minutes without use, and not before", async () => {
    const visitor = await signedIn();
    for (let use = 0; use < 3; use++) {
      server.advance(1799);
      expect(await isSignedIn(visitor)).toBe(true);
    }
    server.advance(1800);
    expect(await isSignedIn(visitor)).toBe(false);
  });

  test("after eight hours, however much it is used", async () => {
    const visitor = await signedIn();
    for (let spent = 0; spent < 8 * 3600; spent += 1200) {
      expect(await isSignedIn(visitor)).toBe(true);
      server.advance(1200);
    }
    expect(await isSignedIn(visitor)).toBe(false);
  });

  test("at once when the person is disabled, and nobody signs in", async () => {
    const visitor = await signedIn();
    await server.store.accounts.setDisabled((await user()).id, server.now());
    expect(await isSignedIn(visitor)).toBe(false);
    expect((await new Visitor(server).signIn(key)).status).toBe(403);
    await server.store.accounts.setDisabled((await user()).id, undefined);
  });

  test("at once when all sessions are revoked, also one that is being opened", async () => {
    const visitor = await signedIn();
    const begun = (await (await visitor.post("/sign-in/options", {})).json()) as ReturnType<typeof JSON.parse>;
    const { id } = await user();
    await server.store.transaction(async ({ sessions }) => sessions.revokeAll(id, server.now()));
    expect(await isSignedIn(visitor)).toBe(false);
    const { ceremony, options } = begun;
    const credential = JSON.stringify(key.authenticate(options, origin, { challenge: options.challenge }));
    expect((await visitor.post("/sign-in", { ceremony, credential })).status).toBe(403);
  });

  test("at once when its key is removed", async () => {
    const other = await enrolled(server, "removed@example.com");
    const visitor = new Visitor(server);
    await visitor.signIn(other);
    expect(await isSignedIn(visitor)).toBe(true);
    const { id } = (await server.store.accounts.findUser("removed@example.com"))!;
    await server.store.credentials.removeAll(id);
    expect(await isSignedIn(visitor)).toBe(false);
  });
});

test("with the pages off every path is 404, and the API answers", async () => {
  const off = await startTestServer({ pages: "off" });
  for (const path of ["/", "/sign-in", "/activity", "/assets/pages.css"])
    expect([path, (await off.send(path)).status]).toEqual([path, 404]);
  expect((await off.send("/healthz")).status).toBe(200);
  await off.stop();
});

test("the button of single sign-on has the provider's name, as text, where the server has one", async () => {
  expect(await (await new Visitor(server).get("/")).text()).not.toContain("/sso/begin");
  const sso = await startTestServer({
    singleSignOn: ssoSettings({
      "sso-issuer": "http://127.0.0.1:9",
      "sso-client-id": "vouch",
      "sso-name": "<b>Example</b>",
    })!,
  });
  const page = await (await new Visitor(sso).get("/")).text();
  expect(page).toContain('href="/sso/begin"');
  expect(page).toContain("Sign in with &lt;b&gt;Example&lt;/b&gt;");
  await sso.stop();
});

test("who has no key is told how to get the first one, and not that it is known", async () => {
  const sso = await startTestServer({
    singleSignOn: ssoSettings({ "sso-issuer": "http://127.0.0.1:9", "sso-client-id": "vouch", "sso-name": "Example" })!,
  });
  const { store } = sso;
  const now = sso.now();
  const token = "t".repeat(43);
  const person = await store.accounts.invite("new@example.com", "hash", now, now + 10);
  const session = {
    user: person,
    method: "sso",
    credentialId: undefined,
    createdAt: now,
    expiresAt: now + 100,
  } as const;
  await store.pageSessions.add(sha256(token), session);
  const visitor = new Visitor(sso);
  visitor.cookie = token;
  const page = await (await visitor.get("/")).text();
  expect(page).toContain('href="/sso/begin?for=enroll"');
  expect(page).not.toContain("is known here already");
  await sso.stop();
});
