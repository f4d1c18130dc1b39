/** Requests of terminals that are pushed: what is refused, and what names one is good for one code alone. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomToken, sha256 } from "../../../../src/server/random.ts";
import { enrolled } from "../../pages/visitor.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";
import type { TestSecurityKey } from "../../webauthn/security-key.ts";
import { BrowserClient, codeIn, leadsTo, otherCase, redirectUri, requestUri } from "../browser-client.ts";
import { DpopKey } from "../dpop-key.ts";

let server: TestServer;
let key: TestSecurityKey;
beforeAll(async () => {
  server = await startTestServer({
    browserLogin: { publish: false },
    rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 },
  });
  key = await enrolled(server, "dev@example.com");
});
afterAll(() => server.stop());

/** Fields that replace those of the request; an empty one removes it. */
const requests: [string, Record<string, string>, string][] = [
  ["another response type", { response_type: "token" }, "response_type"],
  ["a hybrid response type", { response_type: "code id_token" }, "response_type"],
  ["no response type", { response_type: "" }, "response_type is missing"],
  ["another client", { client_id: "evil" }, "client_id"],
  ["no client", { client_id: "" }, "client_id is missing"],
  ["a site as redirection", { redirect_uri: "https://evil.example/callback" }, "redirect_uri"],
  ["a name of this machine", { redirect_uri: "http://localhost:50123/callback" }, "redirect_uri"],
  ["https to this machine", { redirect_uri: "https://127.0.0.1:50123/callback" }, "redirect_uri"],
  ["another loopback address", { redirect_uri: "http://127.0.0.2:50123/callback" }, "redirect_uri"],
  ["an address as a number", { redirect_uri: "http://2130706433:50123/callback" }, "redirect_uri"],
  ["a mapped IPv6 address", { redirect_uri: "http://[::ffff:127.0.0.1]:50123/callback" }, "redirect_uri"],
  ["a host that begins alike", { redirect_uri: "http://127.0.0.1.evil.example:1/callback" }, "redirect_uri"],
  ["a user before a host", { redirect_uri: "http://127.0.0.1:50123@evil.example/callback" }, "redirect_uri"],
  ["no port", { redirect_uri: "http://127.0.0.1/callback" }, "redirect_uri"],
  ["port 0", { redirect_uri: "http://127.0.0.1:0/callback" }, "redirect_uri"],
  ["a port beyond 65535", { redirect_uri: "http://127.0.0.1:65536/callback" }, "redirect_uri"],
  ["another path", { redirect_uri: "http://127.0.0.1:50123/callback/../x" }, "redirect_uri"],
  ["a query", { redirect_uri: "http://127.0.0.1:50123/callback?x=1" }, "redirect_uri"],
  ["a fragment", { redirect_uri: "http://127.0.0.1:50123/callback#x" }, "redirect_uri"],
  ["a script", { redirect_uri: "javascript:alert(1)//127.0.0.1:1/callback" }, "redirect_uri"],
  ["a line end", { redirect_uri: `${redirectUri}\n` }, "redirect_uri"],
  ["a scheme of an app", { redirect_uri: "vouch://callback" }, "redirect_uri"],
  ["no state", { state: "" }, "expected state beside redirect_uri"],
  ["a short state", { state: "abc" }, "state"],
  ["a state with markup", { state: `"><script>alert(1)</script>` }, "state"],
  ["no challenge", { code_challenge: "" }, "code_challenge is missing"],
  ["a short challenge", { code_challenge: "abc" }, "code_challenge"],
  ["the method plain", { code_challenge_method: "plain" }, "code_challenge_method"],
  ["no method, which is plain", { code_challenge_method: "" }, "code_challenge_method is missing"],
  ["a request in the request", { request_uri: requestUri("x".repeat(43)) }, "request_uri"],
  ["a DPoP key that is no thumbprint", { dpop_jkt: "x".repeat(44) }, "dpop_jkt"],
  ["a client name that is too long", { client: "x".repeat(257) }, "client"],
];

describe("a pushed request with", () => {
  test.each(requests)("%s is refused, and names nothing", async (_name, others, reason) => {
    const { status, body } = await (await BrowserClient.begin(server)).push(others);
    expect([status, body.error, body.request_uri]).toEqual([400, "invalid_request", undefined]);
    expect(body.error_description).toContain(reason);
  });

  test.each(["redirect_uri", "state", "code_challenge", "client_id"])("%s twice is refused", async (name) => {
    const client = await BrowserClient.begin(server);
    const form = client.request();
    const twice = { ...form, [name]: [form[name]!, form[name]!] };
    const proof = await client.dpop.proof({ url: `${server.url}/oauth/par`, now: server.now() });
    const { status, body } = await server.form("/oauth/par", twice, { dpop: proof });
    expect([status, body.error_description]).toEqual([400, expect.stringContaining("more than once")]);
  });

  test("no proof, one for another endpoint, of another key, or used before is refused", async () => {
    const client = await BrowserClient.begin(server);
    const form = client.request();
    const send = async (headers: Record<string, string>) => (await server.form("/oauth/par", form, headers)).body.error;
    expect(await send({})).toBe("invalid_dpop_proof");
    expect(await send({ dpop: await server.proof(client.dpop) })).toBe("invalid_dpop_proof");
    expect((await client.push({}, await DpopKey.generate())).body.error).toBe("invalid_dpop_proof");
    const dpop = await client.dpop.proof({ url: `${server.url}/oauth/par`, now: server.now() });
    expect(await send({ dpop })).toBeUndefined();
    expect(await send({ dpop })).toBe("invalid_dpop_proof");
  });

  test("what a page of another site can send from its visitor's browser is refused", async () => {
    const client = await BrowserClient.begin(server);
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect((await server.form("/oauth/par", client.request(), foreign)).status).toBe(400);
    // For the header that it lacks the browser asks first.
    const headers = { ...foreign, "access-control-request-method": "POST", "access-control-request-headers": "dpop" };
    const asked = await fetch(`${server.base}/oauth/par`, { method: "OPTIONS", headers });
    expect([asked.ok, asked.headers.get("access-control-allow-origin")]).toEqual([false, null]);
  });

  test("what is as it should be is named once, and kept by no cache", async () => {
    const client = await BrowserClient.begin(server);
    const [first, second] = [await client.push(), await client.push({ dpop_jkt: "" })];
    for (const { status, body, headers } of [first, second]) {
      expect([status, body.expires_in, headers.get("cache-control")]).toEqual([201, 600, "no-store"]);
      expect(body.request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{43}$/);
    }
    expect(first.body.request_uri).not.toBe(second.body.request_uri);
  });
});

describe("the name of a request", () => {
  const forms = ["/sign-in/code/options", "/sign-in/code", "/sign-in/code/cancel"];
  /** The page and its forms lead nowhere, and say what to do. */
  async function isNothing(client: BrowserClient, uri: string, reason: string) {
    const touched = { ceremony: "x", credential: JSON.stringify((await assertion()).credential) };
    const path = `/oauth/authorize?${new URLSearchParams({ client_id: "vouch", request_uri: uri }).toString()}`;
    const answers = [await client.visitor.get(path)];
    for (const form of forms) answers.push(await client.visitor.post(form, { request_uri: uri, ...touched }));
    for (const answer of answers) {
      const page = await answer.text();
      expect([answer.status, answer.headers.get("location"), leadsTo(page), codeIn(page)]).toEqual([
        400,
        null,
        undefined,
        "",
      ]);
      expect(page).toContain(reason);
    }
  }
  const assertion = async () => {
    const { options } = await server.loginOptions();
    return { credential: key.authenticate(options, origin) };
  };

  test.each([
    ["forged", requestUri(randomToken())],
    ["of another case", undefined],
  ])("%s is nothing", async (_name, uri) => {
    const client = await BrowserClient.begin(server);
    const { request_uri: mine } = await client.fields();
    const prefix = requestUri("");
    await isNothing(
      client,
      uri ?? prefix + otherCase(mine.slice(prefix.length)),
      "This login is finished, has expired",
    );
  });

  test.each(["", "urn:ietf:params:oauth:request_uri:", "https://evil.example/request", "x".repeat(300)])(
    "%p is not as expected",
    async (uri) => {
      const answer = await (
        await BrowserClient.begin(server)
      ).visitor.get(`/oauth/authorize?${new URLSearchParams({ client_id: "vouch", request_uri: uri }).toString()}`);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "text/html; charset=utf-8"]);
      expect(await answer.text()).toContain("request_uri");
    },
  );

  test("is good for ten minutes", async () => {
    const client = await BrowserClient.begin(server);
    const { request_uri: uri } = await client.fields();
    server.advance(599);
    expect((await client.page()).status).toBe(200);
    server.advance(1);
    await isNothing(client, uri, "This login is finished, has expired");
  });

  test("that expires while the key is touched grants nothing", async () => {
    const client = await BrowserClient.begin(server);
    await client.fields();
    server.advance(599);
    const touched = await client.answered(key);
    server.advance(1);
    const answer = await client.visitor.post("/sign-in/code", { ...(await client.fields()), ...touched });
    expect([answer.status, codeIn(await answer.text())]).toEqual([400, ""]);
  });

  test("is good for one code, however often the page is loaded, also at once", async () => {
    const client = await BrowserClient.begin(server);
    const fields = await client.fields();
    expect([(await client.page()).status, (await client.page()).status]).toEqual([200, 200]);
    const touches = [await client.answered(key), await client.answered(key), await client.answered(key)];
    const answers = await Promise.all(
      touches.map(async (touched) => client.visitor.post("/sign-in/code", { ...fields, ...touched })),
    );
    const codes = await Promise.all(answers.map(async (answer) => codeIn(await answer.text())));
    expect(codes.filter((code) => code !== "")).toHaveLength(1);
    await isNothing(client, fields.request_uri, "This login is finished");
  });

  test("is used up by cancelling", async () => {
    const client = await BrowserClient.begin(server);
    const fields = await client.fields();
    const touched = await client.answered(key);
    expect((await client.visitor.post("/sign-in/code/cancel", fields)).status).toBe(200);
    expect((await client.visitor.post("/sign-in/code", { ...fields, ...touched })).status).toBe(400);
    await isNothing(client, fields.request_uri, "This login is finished");
  });

  test("stays good after a touch that is refused", async () => {
    const client = await BrowserClient.begin(server);
    expect((await client.touch(key, { userVerified: false })).status).toBe(403);
    expect((await client.touch(key)).status).toBe(200);
  });

  test("is demanded: the parameters themselves are refused at the page, and ignored beside it", async () => {
    const client = await BrowserClient.begin(server);
    const query = new URLSearchParams(client.request());
    const bare = await client.visitor.get(`/oauth/authorize?${query.toString()}`);
    expect([bare.status, await bare.text()]).toEqual([400, expect.stringContaining("request_uri")]);
    query.set("request_uri", (await client.fields()).request_uri);
    query.set("client", "bait");
    expect(await (await client.visitor.get(`/oauth/authorize?${query.toString()}`)).text()).not.toContain("bait");
    query.append("request_uri", requestUri(randomToken()));
    expect((await client.visitor.get(`/oauth/authorize?${query.toString()}`)).status).toBe(400);
    query.delete("request_uri");
    query.set("client_id", "evil");
    expect((await client.visitor.get(`/oauth/authorize?${query.toString()}`)).status).toBe(400);
  });

  test("is kept by its hash alone", async () => {
    const client = await BrowserClient.begin(server);
    const { request_uri: uri } = await client.fields();
    await client.page();
    const token = uri.slice(requestUri("").length);
    expect(JSON.stringify(server.logs)).not.toContain(token);
    expect(await server.store.pushedRequests.find(sha256(uri))).toMatchObject({ client: "lisbon-laptop" });
    expect(await server.store.pushedRequests.find(uri)).toBeUndefined();
  });

  test("a POST to the page is refused", async () => {
    const client = await BrowserClient.begin(server);
    const answer = await fetch(`${server.base}/oauth/authorize`, {
      method: "POST",
      body: new URLSearchParams(await client.fields()),
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

test("markup in the machine's name shows it as text, made printable and cut", async () => {
  const client = await BrowserClient.begin(server);
  const { body } = await client.push({ client: `<img src=x onerror=alert(1)>\u202e${"x".repeat(100)}` });
  const query = new URLSearchParams({ client_id: "vouch", request_uri: body.request_uri });
  const page = await (await client.visitor.get(`/oauth/authorize?${query.toString()}`)).text();
  expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;\ufffd");
  expect(page).not.toContain("<img");
  expect(page).not.toContain("x".repeat(65));
});
