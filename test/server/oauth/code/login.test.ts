/** A login in the browser, from the page to the session and its end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeBase64url, encodeBase64url } from "../../../../src/fido/codec/base64url.ts";
import { type CborValue, decodeCborMap, encodeCbor } from "../../../../src/fido/codec/cbor.ts";
import { enrolled, Visitor } from "../../pages/visitor.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";
import { TestSecurityKey } from "../../webauthn/security-key.ts";
import { DpopKey } from "../dpop-key.ts";
import { BrowserClient, codeIn, leadsTo, redirectUri } from "../browser-client.ts";

const limits = { enroll: 1e6, login: 1e6, token: 1e6 };
let server: TestServer;
let people = 0;
beforeAll(async () => {
  server = await startTestServer({ browserLogin: { publish: false }, rateLimits: limits });
});
afterAll(() => server.stop());

async function somebody(): Promise<{ key: TestSecurityKey; email: string }> {
  const email = `person-${++people}@example.com`;
  return { key: await enrolled(server, email), email };
}

describe("with a redirection", () => {
  test("the page names the machine, leads back with code, state and issuer, and the code opens a session", async () => {
    const { key, email } = await somebody();
    const client = await BrowserClient.begin(server);
    const page = await (await client.page()).text();
    expect(page).toContain('<strong><q class="claimed">lisbon-laptop</q></strong>');
    expect(page).toContain("vouch login --browser");
    expect(page).toContain("<strong>127.0.0.1</strong>");
    expect(page).toContain("127.0.0.1, where it is, too");
    const to = leadsTo(await (await client.touch(key)).text())!;
    expect(to.origin + to.pathname).toBe(redirectUri);
    expect(Object.fromEntries(to.searchParams)).toEqual({
      code: expect.stringMatching(/^[\w-]{43}$/),
      state: client.state,
      iss: origin,
    });
    const { status, body } = await client.redeem(to.searchParams.get("code")!);
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: "DPoP", expires_in: 28_800, user: email },
    ]);
    const session = { accessToken: body.access_token, dpop: client.dpop };
    const listed = await server.inSession(session, "GET", "/v1/sessions");
    expect(listed.body.sessions).toMatchObject([{ client: "lisbon-laptop", key: "first", thisSession: true }]);
    expect((await server.exchange(body.access_token, client.dpop)).status).toBe(200);
    const user = (await server.store.accounts.findUser(email))!;
    const events = await server.store.audit.ofUser(user.id, { time: 4e9, chain: "", number: 0 }, 10);
    expect(events.map(({ event, detail }) => [event, detail["by"], detail["client"]])).toEqual([
      ["token", undefined, undefined],
      ["login", "browser", "lisbon-laptop"],
      ["login_code", undefined, "lisbon-laptop"],
      ["enrol", undefined, undefined],
    ]);
  });

  test("works for the IPv6 loopback, and the session begins with the touch", async () => {
    const { key } = await somebody();
    const uri = "http://[::1]:1/callback";
    const client = await BrowserClient.begin(server, uri);
    const to = leadsTo(await (await client.touch(key)).text())!;
    expect(to.href).toStartWith(`${uri}?`);
    server.advance(59);
    const { body } = await client.redeem(to.searchParams.get("code")!);
    expect(body.expires_in).toBe(28_800 - 59);
  });

  test("cancelling tells the terminal, with state and issuer", async () => {
    const client = await BrowserClient.begin(server);
    const answer = await client.visitor.post("/sign-in/code/cancel", await client.fields());
    expect(Object.fromEntries(leadsTo(await answer.text())!.searchParams)).toEqual({
      error: "access_denied",
      state: client.state,
      iss: origin,
    });
  });
});

describe("the page says where the terminal is", () => {
  let behind: TestServer;
  beforeAll(async () => {
    behind = await startTestServer({ browserLogin: { publish: false }, rateLimits: limits, trustProxy: true });
  });
  afterAll(() => behind.stop());
  /** A terminal at this address, whose page a browser opens at another. */
  async function pageOf(client: BrowserClient, terminal: string, browser: string): Promise<string> {
    const { body } = await client.push({}, client.dpop, { "x-forwarded-for": terminal });
    const query = new URLSearchParams({ client_id: "vouch", request_uri: body.request_uri });
    const headers = { "x-forwarded-for": browser };
    return await (await client.visitor.get(`/oauth/authorize?${query.toString()}`, headers)).text();
  }
  const elsewhere = "The terminal is somewhere else than this browser.";

  test("as the server saw it, when it asked, and warns of one that is not where the browser is", async () => {
    const page = await pageOf(await BrowserClient.begin(behind), "203.0.113.9", "198.51.100.7");
    for (const text of [
      "<strong>203.0.113.9</strong>",
      "198.51.100.7</dd>",
      elsewhere,
      "Both should be on this machine",
    ])
      expect(page).toContain(text);
    expect(page).toContain(`datetime="${new Date(behind.now() * 1000).toISOString()}"`);
    const typed = await pageOf(await BrowserClient.typed(behind), "203.0.113.9", "198.51.100.7");
    expect(typed).toContain(elsewhere);
    expect(typed).toContain("203.0.113.9</span> the machine that you are logged in to?");
  });

  test("and warns of none at the same address, or in the same network of IPv6", async () => {
    expect(await pageOf(await BrowserClient.begin(behind), "203.0.113.9", "203.0.113.9")).not.toContain(elsewhere);
    const client = await BrowserClient.begin(behind);
    expect(await pageOf(client, "2001:db8:1:2::7", "2001:db8:1:2:ffff::1")).not.toContain(elsewhere);
    expect(await pageOf(client, "2001:db8:1:2::7", "2001:db8:1:3::7")).toContain(elsewhere);
  });

  test("whatever the terminal claims, and with the code and in the audit log, too", async () => {
    const client = await BrowserClient.typed(behind);
    const page = await pageOf(client, "198.51.100.7, 203.0.113.9", "198.51.100.7");
    expect(page).toContain("<strong>203.0.113.9</strong>");
    const email = `person-${++people}@example.com`;
    const key = await enrolled(behind, email);
    expect(await (await client.touch(key)).text()).toContain(
      `For ${email} on <q class="claimed">lisbon-laptop</q> at <span class="breakable">127.0.0.1</span>`,
    );
    const user = (await behind.store.accounts.findUser(email))!;
    const [entry] = await behind.store.audit.ofUser(user.id, { time: 4e9, chain: "", number: 0 }, 1);
    expect(entry).toMatchObject({ event: "login_code", detail: { terminal: "127.0.0.1" } });
  });
});

describe("without one", () => {
  test("the page shows a code for five minutes, which is taken as people type it", async () => {
    const { key, email } = await somebody();
    const client = await BrowserClient.typed(server);
    const page = await (await client.touch(key)).text();
    expect(page).toContain("Type it only into the terminal in which you began");
    expect(leadsTo(page)).toBeUndefined();
    server.advance(299);
    const typed = codeIn(page).toLowerCase().replaceAll("-", " ");
    expect((await client.redeem(typed)).body.user).toBe(email);
  });

  test("cancelling leads nowhere", async () => {
    const client = await BrowserClient.typed(server);
    const answer = await client.visitor.post("/sign-in/code/cancel", await client.fields());
    expect(leadsTo(await answer.text())).toBeUndefined();
  });
});

describe("the session", () => {
  async function opened() {
    const { key, email } = await somebody();
    const client = await BrowserClient.begin(server);
    const { body } = await client.redeem(await client.code(key));
    const user = (await server.store.accounts.findUser(email))!;
    return { key, user, session: { accessToken: body.access_token as string, dpop: client.dpop } };
  }
  const works = async ({ accessToken, dpop }: { accessToken: string; dpop: BrowserClient["dpop"] }) =>
    (await server.exchange(accessToken, dpop)).status === 200;

  test("ends by revocation, by a disabled account, with its key and by time", async () => {
    const revoked = await opened();
    await server.form("/oauth/revoke", { token: revoked.session.accessToken });
    const disabled = await opened();
    await server.store.accounts.setDisabled(disabled.user.id, server.now());
    const removed = await opened();
    await server.store.credentials.remove(removed.user.id, removed.key.id, true);
    const old = await opened();
    const live = await opened();
    for (const { session } of [revoked, disabled, removed]) expect(await works(session)).toBe(false);
    for (const { session } of [old, live]) expect(await works(session)).toBe(true);
    server.advance(28_800);
    expect(await works(old.session)).toBe(false);
  });

  test("publishes nothing, where the server does not say otherwise", async () => {
    const { session } = await opened();
    const { status, body } = await server.inSession(session, "POST", "/v1/publish/options", {});
    expect([status, body.error.message]).toEqual([
      403,
      "A session that was opened in a browser publishes nothing at this server.",
    ]);
    const approval = { id: "AAAA", rawId: "AAAA", type: "public-key", clientExtensionResults: {} };
    const response = { clientDataJSON: "AAAA", authenticatorData: "AAAA", signature: "AAAA" };
    const json = { ceremony: "x", approval: { ...approval, response }, holder: "1 1" };
    expect((await server.inSession(session, "POST", "/v1/publish", json)).body.error.message).toBe(
      "A session that was opened in a browser publishes nothing at this server.",
    );
  });
});

test("a server that says so lets its sessions publish", async () => {
  const other = await startTestServer({ browserLogin: { publish: true }, rateLimits: limits });
  const key = await enrolled(other, "dev@example.com");
  const client = await BrowserClient.begin(other);
  const { body } = await client.redeem(await client.code(key));
  const session = { accessToken: body.access_token, dpop: client.dpop };
  expect((await other.inSession(session, "POST", "/v1/publish/options", {})).status).toBe(200);
  await other.stop();
});

describe("a server with the login in the browser off", () => {
  let off: TestServer;
  beforeAll(async () => {
    off = await startTestServer({ rateLimits: limits });
  });
  afterAll(() => off.stop());

  test("refuses everybody, at each place", async () => {
    const client = await BrowserClient.begin(off);
    const page = await client.page();
    expect([page.status, await page.json()]).toMatchObject([400, { error: "unauthorized_client" }]);
    for (const path of ["/sign-in/code/options", "/sign-in/code/cancel"]) {
      expect([path, (await client.visitor.post(path, await client.fields())).status]).toEqual([path, 403]);
    }
    expect(await client.push()).toMatchObject({ status: 400, body: { error: "unauthorized_client" } });
    expect((await client.redeem("x")).body).toMatchObject({
      error: "unsupported_grant_type",
      error_description: "This server does not let people log in in a browser.",
    });
    const { body } = await off.send("/.well-known/oauth-authorization-server");
    expect(body.grant_types_supported).not.toContain("authorization_code");
  });

  test("is what a server without pages is, too", async () => {
    const none = await startTestServer({ pages: "off", browserLogin: { publish: true } });
    const { body } = await none.send("/.well-known/oauth-authorization-server");
    expect(body.grant_types_supported).not.toContain("authorization_code");
    expect((await (await BrowserClient.begin(none)).page()).status).toBe(400);
    await none.stop();
  });
});

test("a key that is part of a phone or computer is added at the page, opens a session there, and publishes nothing", async () => {
  const { status, built, mine } = await addBuiltIn(server);
  expect(status).toBe(303);
  const client = await BrowserClient.begin(server);
  expect((await client.redeem(await client.code(built))).status).toBe(200);

  const dpop = await DpopKey.generate();
  const session = { accessToken: (await server.login(mine, dpop)).body.access_token, dpop };
  const { ceremony, approval } = (await server.inSession(session, "POST", "/v1/publish/options", {})).body;
  expect(approval.allowCredentials.map(({ id }: { id: string }) => id)).toEqual([mine.id]);
  const deed = { purpose: "publish", about: "1 1" } as const;
  const json = { ceremony, approval: built.authenticate(approval, origin, {}, deed), holder: "1 1" };
  expect(await server.inSession(session, "POST", "/v1/publish", json)).toMatchObject({
    status: 403,
    body: {
      error: { message: "Keys of a phone or computer, and keys that those approved, publish nothing at this server." },
    },
  });
});

test.each(["tpm", "android-key", "android-safetynet", "apple"])(
  "the attestation that it answers with, as %s, is no reason to refuse it, and proves nothing",
  async (format) => {
    const { status, mine, built } = await addBuiltIn(server, format);
    expect(status).toBe(303);
    const { user } = (await server.store.credentials.find(mine.id))!;
    const [, added] = await server.store.credentials.ofUser(user.id);
    expect(added).toMatchObject({ id: built.id, proof: undefined, transports: ["internal"] });
    expect(await addBuiltIn(server, `${format}-2`)).toMatchObject({ status: 403 });
  },
);

/**
 * Adds a key that a browser calls a platform authenticator, as far as the server lets it; with `format` it answers with an
 * attestation of that one.
 */
async function addBuiltIn(at: TestServer, format?: string) {
  const mine = await enrolled(at, `built-in-${++people}@example.com`);
  const built = new TestSecurityKey();
  const visitor = new Visitor(at);
  await visitor.signIn(mine);
  const form_token = await visitor.formToken();
  const { ceremony, options } = (await (await visitor.post("/keys/add/options", { form_token })).json()) as Answered;
  const made = built.register(options, origin, { challenge: options.challenge });
  made.response.transports = [];
  if (format !== undefined) {
    const object = new Map(decodeCborMap(decodeBase64url(made.response.attestationObject)) as Map<string, CborValue>);
    const statement = new Map<string, CborValue>(
      Object.entries({ ver: "2.0", alg: -65_535, x5c: [new Uint8Array(9)] }),
    );
    made.response.attestationObject = encodeBase64url(encodeCbor(object.set("fmt", format).set("attStmt", statement)));
  }
  const credential = JSON.stringify({ ...made, authenticatorAttachment: "platform" });
  const asked = await visitor.post("/keys/add/approval", { form_token, ceremony, credential });
  const body = (await asked.json()) as Answered;
  if (!asked.ok) return { status: asked.status, message: body.error.message, mine, built };
  const approval = JSON.stringify(mine.authenticate(body.options, origin, { challenge: body.options.challenge }));
  const { status } = await visitor.post("/keys/add", { form_token, ceremony, credential, approval });
  return { status, message: "", mine, built };
}

/** Parsed JSON, which the test looks into freely. */
type Answered = ReturnType<typeof JSON.parse>;
