/** Forged logins in the browser: each request of the table is refused, for the reason that it says, and opens nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomToken, sha256 } from "../../../../src/server/random.ts";
import { enrolled } from "../../pages/visitor.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";
import { TestSecurityKey, type Twist } from "../../webauthn/security-key.ts";
import { type Begun, BrowserClient, codeIn, leadsTo, otherCase, redirectUri } from "../browser-client.ts";
import { DpopKey } from "../dpop-key.ts";

let server: TestServer;
let key: TestSecurityKey;
let people = 0;
beforeAll(async () => {
  server = await startTestServer({
    browserLogin: { publish: false },
    rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
  });
  key = await enrolled(server, "dev@example.com");
});
afterAll(() => server.stop());

const sessions = async () => await server.store.countSessions(server.now());

describe("the page", () => {
  test("is framed by nobody, kept by no cache, sends no referrer elsewhere, and its form goes to this server alone", async () => {
    const client = await BrowserClient.begin(server);
    for (const { headers } of [await client.page(), await client.touch(key)]) {
      expect(headers.get("content-security-policy")).toContain("form-action 'self'; frame-ancestors 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("set-cookie")).toBeNull();
    }
  });

  test.each<[string, Record<string, string>]>([
    ["of another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["of a sandboxed frame", { origin: "null" }],
    ["of another host of the site", { origin, "sec-fetch-site": "same-site" }],
    ["without an origin", {}],
  ])("takes no form %s", async (_name, headers) => {
    const client = await BrowserClient.begin(server);
    const { ceremony, credential } = await client.answered(key);
    for (const path of ["/sign-in/code/options", "/sign-in/code", "/sign-in/code/cancel"]) {
      const form = { ...(await client.fields()), ceremony, credential };
      const answer = await client.visitor.post(path, form, headers);
      expect([path, answer.status, leadsTo(await answer.text())]).toEqual([path, 403, undefined]);
    }
  });

  test("gives no code to a session of the pages without a touch", async () => {
    const client = await BrowserClient.begin(server);
    await client.visitor.signIn(key);
    const form_token = await client.visitor.formToken();
    const answer = await client.visitor.post("/sign-in/code", { ...(await client.fields()), form_token });
    expect(answer.status).toBe(400);
  });

  /** A touch that was given for something else. */
  const touches: [string, Twist][] = [
    ["another origin", { origin: "https://evil.example" }],
    ["another relying party", { rpId: "evil.example" }],
    ["a page in a frame", { embedding: { crossOrigin: true } }],
    ["a registration", { type: "webauthn.create" }],
    ["nobody who was verified", { userVerified: false }],
    ["another key's signature", { forged: true }],
    ["another person", { userHandle: Buffer.from("someone").toString("base64url") }],
    ["a synced passkey", { backupEligible: true }],
  ];
  test.each(touches)("takes no touch for %s", async (_name, twist) => {
    const client = await BrowserClient.begin(server);
    const answer = await client.touch(key, twist);
    expect([answer.status, codeIn(await answer.text())]).toEqual([403, ""]);
  });

  test("takes no touch for another request, were it the same one pushed again", async () => {
    for (const other of [await BrowserClient.begin(server), await BrowserClient.typed(server)]) {
      const client = await BrowserClient.begin(server);
      const answer = await client.touch(key, {}, await other.fields());
      expect([answer.status, codeIn(await answer.text())]).toEqual([403, ""]);
    }
    const client = await BrowserClient.begin(server);
    const again = await client.push();
    expect((await client.touch(key, {}, { request_uri: again.body.request_uri })).status).toBe(403);
  });

  test("takes no touch for a login, a sign-in or of a key that is not enrolled, none twice, and none late", async () => {
    const client = await BrowserClient.begin(server);
    const fields = await client.fields();
    const post = async (ceremony: string, credential: string) =>
      (await client.visitor.post("/sign-in/code", { ...fields, ceremony, credential })).status;
    const login = await server.loginOptions();
    expect(await post(login.ceremony, JSON.stringify(key.authenticate(login.options, origin)))).toBe(403);
    const signIn = (await (await client.visitor.post("/sign-in/options", {})).json()) as Begun;
    const twist = { challenge: signIn.options.challenge };
    expect(await post(signIn.ceremony, JSON.stringify(key.authenticate(signIn.options, origin, twist)))).toBe(403);
    const strange = await client.answered(new TestSecurityKey(), { userHandle: "AAAA" });
    expect(await post(strange.ceremony, strange.credential)).toBe(403);
    const late = await client.answered(key);
    server.advance(300);
    expect(await post(late.ceremony, late.credential)).toBe(403);
    const good = await client.answered(key);
    expect(await post(good.ceremony, good.credential)).toBe(200);
    const other = await (await BrowserClient.begin(server)).fields();
    const twice = { ...other, ceremony: good.ceremony, credential: good.credential };
    expect((await client.visitor.post("/sign-in/code", twice)).status).toBe(403);
  });

  test("its touch is of no use for a login of the command line or a sign-in", async () => {
    const client = await BrowserClient.begin(server);
    const { ceremony, credential } = await client.answered(key);
    const form = { grant_type: "urn:vouch:params:oauth:grant-type:webauthn", ceremony, credential };
    const login = await server.form("/oauth/token", form, { dpop: await server.proof(client.dpop) });
    expect(login.body.error).toBe("invalid_grant");
    expect((await client.visitor.post("/sign-in", { ceremony, credential })).status).toBe(403);
  });

  test("gives no code to somebody disabled, or whose sessions were ended meanwhile", async () => {
    const other = await enrolled(server, `person-${++people}@example.com`);
    const user = (await server.store.credentials.find(other.id))!.user;
    const client = await BrowserClient.begin(server);
    const ended = await client.answered(other);
    await server.store.sessions.revokeAll(user.id, server.now());
    expect((await client.visitor.post("/sign-in/code", { ...(await client.fields()), ...ended })).status).toBe(403);
    const disabled = await client.answered(other);
    await server.store.accounts.setDisabled(user.id, server.now());
    expect((await client.visitor.post("/sign-in/code", { ...(await client.fields()), ...disabled })).status).toBe(403);
  });
});

type Redeem = (client: BrowserClient, code: string) => ReturnType<BrowserClient["redeem"]>;

const tokenRequests: [string, Redeem, string][] = [
  ["another verifier", (client, code) => client.redeem(code, { code_verifier: randomToken() }), "invalid_grant"],
  ["no verifier", (client, code) => client.redeem(code, { code_verifier: "" }), "invalid_request"],
  [
    "the challenge as verifier (plain)",
    (client, code) => client.redeem(code, { code_verifier: sha256(client.verifier) }),
    "invalid_grant",
  ],
  ["a short verifier", (client, code) => client.redeem(code, { code_verifier: "x" }), "invalid_request"],
  ["another DPoP key", async (client, code) => client.redeem(code, {}, await DpopKey.generate()), "invalid_grant"],
  [
    "another port",
    (client, code) => client.redeem(code, { redirect_uri: "http://127.0.0.1:50124/callback" }),
    "invalid_grant",
  ],
  ["no redirection", (client, code) => client.redeem(code, { redirect_uri: "" }), "invalid_grant"],
  ["another client", (client, code) => client.redeem(code, { client_id: "evil" }), "invalid_client"],
  ["no client", (client, code) => client.redeem(code, { client_id: "" }), "invalid_request"],
  ["another code", (client) => client.redeem(randomToken()), "invalid_grant"],
  ["no code", (client) => client.redeem(""), "invalid_request"],
  ["the code in another case", (client, code) => client.redeem(otherCase(code)), "invalid_grant"],
  [
    "an expired code",
    (client, code) => {
      server.advance(60);
      return client.redeem(code);
    },
    "invalid_grant",
  ],
  [
    "another person's code (mix-up of two logins)",
    async (_client, code) => (await BrowserClient.begin(server)).redeem(code),
    "invalid_grant",
  ],
];

describe("a token request with", () => {
  test.each(tokenRequests)("%s is refused, and opens nothing", async (_name, redeem, error) => {
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const before = await sessions();
    const { status, body } = await redeem(client, code);
    expect([status, body.error]).toEqual([400, error]);
    expect(await sessions()).toBe(before);
  });

  test("a code that was tried with something else is used up", async () => {
    for (const others of [{ code_verifier: randomToken() }, { redirect_uri: "http://127.0.0.1:1/callback" }]) {
      const client = await BrowserClient.begin(server);
      const code = await client.code(key);
      await client.redeem(code, others);
      expect((await client.redeem(code)).body.error_description).toBe("The code is not known, or was used before.");
    }
  });

  test("a used code is refused, and the session stays that of the first", async () => {
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const { body } = await client.redeem(code);
    expect((await client.redeem(code)).body.error).toBe("invalid_grant");
    expect((await server.exchange(body.access_token, client.dpop)).status).toBe(200);
  });

  test("a code twenty times at once is good once", async () => {
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.redeem(code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test("a proof that was used before is refused, and the code stays good", async () => {
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const dpop = await server.proof(client.dpop);
    await server.form("/oauth/token", { grant_type: "x" }, { dpop });
    const form = { grant_type: "authorization_code", client_id: "vouch", code, code_verifier: client.verifier };
    const again = await server.form("/oauth/token", { ...form, redirect_uri: redirectUri }, { dpop });
    expect(again.body.error).toBe("invalid_dpop_proof");
    expect((await client.redeem(code)).status).toBe(200);
  });

  test("a typed code is refused with a redirection, after five minutes, and in another's terminal", async () => {
    const carried = await BrowserClient.typed(server);
    expect((await carried.redeem(await carried.code(key), { redirect_uri: redirectUri })).body.error).toBe(
      "invalid_grant",
    );
    const late = await BrowserClient.typed(server);
    const code = await late.code(key);
    server.advance(300);
    expect((await late.redeem(code)).body.error_description).toBe("The code has expired.");
    const mine = await BrowserClient.typed(server);
    const stranger = await BrowserClient.typed(server);
    expect((await stranger.redeem(await mine.code(key))).body.error).toBe("invalid_grant");
  });

  test.each<[string, (userId: string, id: string) => Promise<unknown>]>([
    ["somebody disabled since", (userId) => server.store.accounts.setDisabled(userId, server.now())],
    ["somebody whose sessions were ended since", (userId) => server.store.sessions.revokeAll(userId, server.now())],
    ["a key that was removed since", (userId, id) => server.store.credentials.remove(userId, id, true)],
    ["a server that was restored since", () => server.store.authorizationCodes.removeAll()],
  ])("the code of %s is refused", async (_name, happens) => {
    const other = await enrolled(server, `person-${++people}@example.com`);
    const client = await BrowserClient.begin(server);
    const code = await client.code(other);
    await happens((await server.store.credentials.find(other.id))!.user.id, other.id);
    expect((await client.redeem(code)).body.error).toBe("invalid_grant");
  });

  test("a code is not in the database, in the log, or in an answer that refuses it", async () => {
    const client = await BrowserClient.begin(server);
    const code = await client.code(key);
    const { body } = await client.redeem(code, { code_verifier: randomToken() });
    expect(JSON.stringify([body, server.logs])).not.toContain(code);
    const files = ["", "-wal"].map((end) => Bun.file(`${server.database.slice("sqlite:".length)}${end}`));
    const bytes = await Promise.all(
      files.map(async (file) => ((await file.exists()) ? await file.bytes() : new Uint8Array())),
    );
    expect(bytes.some((each) => Buffer.from(each).includes(code))).toBe(false);
  });
});
