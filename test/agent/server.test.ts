import { describe, expect, spyOn, test } from "bun:test";
import { type EnvironmentReply, maxBodyBytes, routes, type TokenReply } from "../../src/agent/protocol.ts";
import { writeReply } from "../../src/agent/server.ts";
import { otherPersonsLogin } from "./upstream.ts";
import { AgentHarness, cargoUrl, repository, until } from "./harness.ts";

const version = { "vouch-protocol": "1" };

async function raw(
  { socketPath }: AgentHarness,
  path: string,
  init: RequestInit,
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(`http://vouch${path}`, { unix: socketPath, ...init } as RequestInit);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? "" : JSON.parse(text) };
}

test.each<[string, number, string, RequestInit]>([
  ["an unknown route", 404, "/v1/nothing", { headers: version }],
  ["a name of Object.prototype", 404, "/constructor", { headers: version }],
  ["GET where POST is expected", 405, routes.token, { headers: version }],
  ["POST where GET is expected", 405, routes.status, { headers: version, method: "POST", body: "{}" }],
  ["PUT", 405, routes.token, { headers: version, method: "PUT", body: "{}" }],
  ["no protocol version", 400, routes.status, {}],
  ["another protocol version", 400, routes.status, { headers: { "vouch-protocol": "2" } }],
  ["a web page's request", 403, routes.status, { headers: { ...version, origin: "https://evil.example" } }],
  ["no JSON", 400, routes.token, { headers: version, method: "POST", body: "url=x" }],
  ["an empty body", 400, routes.token, { headers: version, method: "POST" }],
  ["a field too many", 400, routes.token, { headers: version, method: "POST", body: '{"url":"x","extra":1}' }],
  ["a wrong type", 400, routes.token, { headers: version, method: "POST", body: '{"url":1}' }],
  ["an unknown format", 400, routes.environment, { headers: version, method: "POST", body: '{"format":"conda"}' }],
  [
    "too many URLs",
    400,
    routes.match,
    { headers: version, method: "POST", body: JSON.stringify({ urls: Array(1001).fill("x") }) },
  ],
])("the agent refuses %s with %p", async (_, status, path, init) => {
  await using harness = new AgentHarness();
  const answer = await raw(harness, path, init);
  expect(answer).toMatchObject({ status, body: { error: { code: "protocol_error" } } });
  expect(answer.headers.get("vouch-protocol")).toBe("1");
});

test("the agent refuses a body that is too large, and the answer arrives although the body is not read", async () => {
  await using harness = new AgentHarness();
  const body = new Uint8Array(maxBodyBytes + 1).fill(32);
  expect((await raw(harness, routes.token, { headers: version, method: "POST", body })).status).toBe(413);
});

test("the agent refuses a body without its length", async () => {
  await using harness = new AgentHarness();
  const body = new ReadableStream({
    async pull(controller) {
      await Bun.sleep(0);
      controller.enqueue(Buffer.from("{}"));
      controller.close();
    },
  });
  expect((await raw(harness, routes.token, { headers: version, method: "POST", body })).status).toBe(411);
});

test("an answer of the agent begins with the bytes that the first stage compares, and all of it is ASCII", () => {
  const bytes = Buffer.from(writeReply(200, { name: "M\u00fcller \u{1f511}" })).toString("latin1");
  expect(bytes).toStartWith("HTTP/1.1 200 \r\nvouch-protocol: 1\r\n");
  const body = '{"name":"M\\u00fcller \\ud83d\\udd11"}';
  expect(bytes).toEndWith(`\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
});

test("answers of the agent forbid caching", async () => {
  await using harness = new AgentHarness();
  expect((await raw(harness, routes.status, { headers: version })).headers.get("cache-control")).toBe("no-store");
});

test("a stop is answered, then carried out", async () => {
  await using harness = new AgentHarness();
  expect(await raw(harness, routes.stop, { headers: version, method: "POST", body: "{}" })).toMatchObject({
    status: 200,
    body: {},
  });
  expect(harness.stopsAsked).toBe(1);
});

describe("an answer of the agent is cached", () => {
  const question = { headers: version, method: "POST", body: JSON.stringify({ url: cargoUrl, format: "cargo" }) };
  const tokenOf = async (harness: AgentHarness) => (await raw(harness, routes.token, question)).body as TokenReply;

  test("and repeated word for word, without being computed again", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const worked = spyOn(harness.agent, "tokens");
    const first = await raw(harness, routes.token, question);
    expect(worked).toHaveBeenCalledTimes(1);
    expect((await raw(harness, routes.token, question)).body).toEqual(first.body);
    expect(worked).toHaveBeenCalledTimes(1);
    // Another question is no repetition.
    await raw(harness, routes.token, { ...question, body: JSON.stringify({ url: cargoUrl }) });
    expect(worked).toHaveBeenCalledTimes(2);
  });

  test("but not used in the next session: another person gets another token", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const { token } = await tokenOf(harness);
    expect((await tokenOf(harness)).token).toBe(token);
    harness.upstream.answer("login", otherPersonsLogin);
    await harness.login();
    const next = await tokenOf(harness);
    expect(next.token).not.toBe(token);
    expect((await tokenOf(harness)).token).toBe(next.token);
  });

  test("but not used when a part of the question is missing", async () => {
    const other = { ...repository, domain: "other-domain", endpoints: { npm: "https://other.example/npm/my-repo/" } };
    await using harness = new AgentHarness([repository, other]);
    harness.upstream.answer("token", (form) =>
      form.get("domain") === "other-domain"
        ? Response.json({ message: "no" }, { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" } })
        : undefined,
    );
    await harness.login();
    const environment = { ...question, body: '{"format":"npm","failures":"all"}' };
    const ask = async () => (await raw(harness, routes.environment, environment)).body as EnvironmentReply;
    const partly = await ask();
    expect(partly.failed).toMatchObject([{ endpoint: other.endpoints.npm, error: { code: "access_denied" } }]);
    // One of either host name for each domain.
    expect(Object.keys(partly.variables)).toHaveLength(2);
    harness.upstream.answer("token", undefined);
    harness.clock.pass(1);
    await until(async () => (await ask()).failed === undefined);
    expect(Object.keys((await ask()).variables)).toHaveLength(3);
  });

  test("but not used for a URL that is no longer configured", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await tokenOf(harness);
    harness.configure({ repositories: [] });
    expect(await raw(harness, routes.token, question)).toMatchObject({
      status: 404,
      body: { error: { code: "not_configured" } },
    });
  });

  test("but not used after the settings were broken", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await tokenOf(harness);
    harness.configure({ repositories: "none" as never });
    expect(await raw(harness, routes.token, question)).toMatchObject({ body: { error: { code: "settings_invalid" } } });
  });

  test("but not used after logout, and not from the session before", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    const before = await tokenOf(harness);
    await harness.agent.logout();
    expect(await raw(harness, routes.token, question)).toMatchObject({ status: 401 });
    await harness.login();
    expect((await tokenOf(harness)).token).not.toBe(before.token);
  });

  test("but not used after the session's end, by either clock", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await tokenOf(harness);
    harness.clock.uptimeMs += 8 * 3600_000;
    expect(await raw(harness, routes.token, question)).toMatchObject({
      status: 401,
      body: { error: { code: "session_expired" } },
    });
  });

  test("but not used for a question with other headers", async () => {
    await using harness = new AgentHarness();
    await harness.login();
    await tokenOf(harness);
    const headers = { ...version, origin: "https://evil.example" };
    expect(await raw(harness, routes.token, { ...question, headers })).toMatchObject({ status: 403 });
  });
});
