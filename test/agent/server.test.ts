import { expect, test } from "bun:test";
import { maxBodyBytes, routes } from "../../src/agent/protocol.ts";
import { AgentHarness } from "./harness.ts";

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
  ["an unknown format", 400, routes.tokens, { headers: version, method: "POST", body: '{"format":"maven"}' }],
  [
    "too many URLs",
    400,
    routes.match,
    { headers: version, method: "POST", body: JSON.stringify({ urls: Array(1001).fill("x") }) },
  ],
])("%s is refused with %p", async (_, status, path, init) => {
  await using harness = new AgentHarness();
  const answer = await raw(harness, path, init);
  expect(answer).toMatchObject({ status, body: { error: { code: "protocol_error" } } });
  expect(answer.headers.get("vouch-protocol")).toBe("1");
});

test.each(["with its length", "in chunks"])("a body that is too large is refused, sent %s", async (how) => {
  await using harness = new AgentHarness();
  const bytes = new Uint8Array(maxBodyBytes + 1).fill(32);
  const body = how === "in chunks" ? new Blob([bytes]).stream() : bytes;
  expect((await raw(harness, routes.token, { headers: version, method: "POST", body })).status).toBe(413);
});

test("answers are not to be stored", async () => {
  await using harness = new AgentHarness();
  expect((await raw(harness, routes.status, { headers: version })).headers.get("cache-control")).toBe("no-store");
});

test("stop is answered, then carried out", async () => {
  await using harness = new AgentHarness();
  expect(await raw(harness, routes.stop, { headers: version, method: "POST", body: "{}" })).toMatchObject({
    status: 200,
    body: {},
  });
  expect(harness.stopsAsked).toBe(1);
});
