/** What HTTP itself is held to: methods, paths, types, sizes, headers, rates, the log, the end. */
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { routes } from "../../../src/server/routes.ts";
import type { RequestLog } from "../../../src/server/options.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { TestSecurityKey } from "../webauthn/security-key.ts";
import { email, origin, startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.stop());

const json = { "content-type": "application/json" };
/** Opens a connection, sends the text as it stands, and resolves with all that comes until the server closes. */
function raw(base: string, text: string): { socket: Socket; received: Promise<string> } {
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  socket.on("data", (data) => {
    answer += data.toString();
  });
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  socket.write(text);
  return { socket, received: promise };
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  server.send("/v1/login/options", { method: "POST", headers, body });

test("the discovery document is that of the issuer", async () => {
  const { body, headers } = await server.send("/.well-known/openid-configuration");
  expect(headers.get("cache-control")).toBe("public, max-age=300");
  expect(body).toMatchObject({
    issuer: origin,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    authorization_endpoint: `${origin}/oauth/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    dpop_signing_alg_values_supported: ["ES256"],
  });
});

test("the published keys have no private part", async () => {
  const { body, headers } = await server.send("/.well-known/jwks.json");
  expect(headers.get("cache-control")).toBe("public, max-age=300");
  expect(Object.keys(body.keys[0]).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
});

test("every answer has the security headers", async () => {
  for (const path of ["/healthz", "/.well-known/jwks.json", "/nothing"]) {
    const { headers } = await server.send(path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
  }
});

describe("the server's router", () => {
  test.each([...Map.groupBy(routes, ({ path }) => path)])("answers at %s to its methods only", async (path, own) => {
    const allowed: string[] = own.map(({ method }) => method);
    for (const other of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].filter(
      (name) => !allowed.includes(name),
    )) {
      const response = await fetch(server.base + path, { method: other });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allowed.join(", ").replace("GET", "GET, HEAD"));
    }
  });

  test("answers HEAD as GET without the body", async () => {
    const response = await fetch(`${server.base}/.well-known/jwks.json`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test.each(["/nothing", "/v1", "/healthz/", "/V1/login/options", "/.well-known/openid-configuration/x"])(
    "does not find %s",
    async (path) => {
      const { status, body } = await server.send(path);
      expect(status).toBe(404);
      expect(body.error.code).toBe("protocol_error");
    },
  );
});

test.each(["x/../..", "a b", ""])('a Host header "%s" does not change the answer', async (host) => {
  const { received } = raw(server.base, `GET /healthz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  expect(await received).toStartWith("HTTP/1.1 200 OK");
});

describe("request bodies", () => {
  test.each<[string, string, number]>([
    ["no JSON", "{", 400],
    ["null", "null", 400],
    ["an array", "[]", 400],
    ["deep nesting", "[".repeat(60_000), 400],
    ["an unknown member", '{"extra":1}', 400],
    ["65,537 bytes", "x".repeat(65_537), 413],
  ])("are refused: %s", async (_name, body, status) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe("protocol_error");
  });

  test("are refused that exceed 64 KiB in chunks, without a Content-Length", async () => {
    const chunks = new ReadableStream({
      start(controller) {
        for (let kib = 0; kib < 65; kib++) controller.enqueue(new Uint8Array(1024));
        controller.close();
      },
    });
    const answer = await server.send("/v1/login/options", { method: "POST", headers: json, body: chunks });
    expect(answer.status).toBe(413);
    expect(answer.body.error.message).toBe("The body is larger than 65536 bytes.");
  });

  test("are refused that have a megabyte, with and without a Content-Length", async () => {
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(16_384));
      },
    });
    for (const body of ["x".repeat(1 << 20), endless]) {
      const response = await fetch(`${server.base}/v1/login/options`, { method: "POST", headers: json, body });
      expect(response.status).toBe(413);
    }
    expect((await post("{}")).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ["none", {}],
    ["text", { "content-type": "text/plain" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
  ])("are refused by their Content-Type: %s", async (_name, headers) => {
    const body = new TextEncoder().encode("{}");
    expect((await post(body, headers)).status).toBe(415);
  });

  test("are refused when they do not arrive within ten seconds", async () => {
    const head = "POST /v1/login/options HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    jest.useFakeTimers();
    try {
      const { received } = raw(server.base, `${head}content-length: 2\r\nconnection: close\r\n\r\n{`);
      // The server waits for the rest once it has set its timer.
      while (jest.getTimerCount() === 0) await server.send("/healthz");
      jest.advanceTimersByTime(10_000);
      expect(await received).toStartWith("HTTP/1.1 408 ");
    } finally {
      jest.useRealTimers();
    }
  });

  test("may name a charset", async () => {
    expect((await post("{}", { "content-type": "Application/JSON; charset=utf-8" })).status).toBe(200);
  });

  test("at the token endpoint are forms, and failures have the form of RFC 6749", async () => {
    const dpop = await server.proof(await DpopKey.generate());
    const answer = await server.send("/oauth/token", { method: "POST", headers: { ...json, dpop }, body: "{}" });
    expect(answer.status).toBe(415);
    expect(answer.body).toEqual({
      error: "invalid_request",
      error_description: 'Expected content-type application/x-www-form-urlencoded, got "application/json".',
    });
  });

  test("are refused with the name of the member when a credential is not as WebAuthn defines it", async () => {
    const code = await server.invite();
    const { ceremony, options } = await server.enrollOptions(code);
    const credential = new TestSecurityKey().register(options, origin);
    for (const [change, place] of [
      [{ id: "not base64url!" }, "credential.id"],
      [{ type: "password" }, "credential.type"],
      [
        { response: { ...credential.response, attestationObject: "A".repeat(30_000) } },
        "credential.response.attestationObject",
      ],
      [{ extra: 1 }, "credential.extra"],
    ] as const) {
      const { status, body } = await server.post("/v1/enroll", {
        ceremony,
        code,
        credential: { ...credential, ...change },
      });
      expect(status).toBe(400);
      expect(body.error.message).toContain(place);
    }
  });
});

describe("the rate of requests", () => {
  test("is limited for each address and class, and free again after a minute", async () => {
    await server.stop();
    server = await startTestServer({ rateLimits: { enroll: 1, login: 3, token: 1 } });
    const statuses: number[] = [];
    for (let request = 0; request < 5; request++) statuses.push((await post("{}")).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    server.advance(20);
    const refused = await post("{}");
    expect(refused.headers.get("retry-after")).toBe("40");
    expect(refused.body.error.message).toContain("40 s");
    expect((await server.send("/healthz")).status).toBe(200);
    expect((await server.form("/oauth/token", {})).status).toBe(400);
    expect((await server.form("/oauth/token", {})).body.error).toBe("temporarily_unavailable");
    server.advance(40);
    expect((await post("{}")).status).toBe(200);
  });

  test("is counted by X-Forwarded-For only with trustProxy, and then by the proxy's own entry", async () => {
    for (const trustProxy of [false, true]) {
      await server.stop();
      server = await startTestServer({ rateLimits: { enroll: 1, login: 1, token: 1 }, trustProxy });
      expect((await post("{}", { ...json, "x-forwarded-for": "203.0.113.1" })).status).toBe(200);
      expect((await post("{}", { ...json, "x-forwarded-for": "203.0.113.2" })).status).toBe(trustProxy ? 200 : 429);
      expect((await post("{}", { ...json, "x-forwarded-for": "198.51.100.7, 203.0.113.2" })).status).toBe(429);
    }
  });
});

describe("the server's log", () => {
  test("has one line for each request: what was asked, what was answered, to whom, and why not", async () => {
    await server.enroll(new TestSecurityKey());
    await server.send("/nothing?secret=1");
    const user = await server.store.accounts.findUser(email);
    const line = { time: expect.any(String), address: "127.0.0.1", milliseconds: expect.any(Number) };
    expect(server.logs).toEqual([
      { ...line, method: "POST", path: "/v1/enroll/options", status: 200, user: user?.id ?? "" },
      { ...line, method: "POST", path: "/v1/enroll", status: 200, user: user?.id ?? "" },
      {
        ...line,
        method: "GET",
        path: "/nothing",
        status: 404,
        error: "protocol_error",
        detail: expect.stringContaining("nothing here"),
      },
    ]);
  });

  test("contains no code, token, proof, challenge or credential", async () => {
    const code = await server.invite();
    const key = new TestSecurityKey();
    const dpop = await DpopKey.generate();
    const { ceremony, options } = await server.enrollOptions(code);
    await server.post("/v1/enroll", { ceremony, code, credential: key.register(options, origin) });
    const { body } = await server.login(key, dpop);
    const exchanged = await server.exchange(body.access_token, dpop);
    await server.login(key, dpop, { challenge: "AAAA" });
    await server.exchange(body.access_token, dpop, { audience: body.access_token });
    const log = JSON.stringify(server.logs);
    for (const secret of [code, body.access_token, exchanged.body.access_token, options.challenge, ceremony, key.id]) {
      expect(log).not.toContain(secret);
    }
  });

  test("has the reason of a failure of the server, which the answer has not", async () => {
    await server.store.close();
    const { status, body } = await post("{}");
    expect(status).toBe(500);
    expect(body.error).toEqual({
      code: "internal_error",
      message: "The Vouch server failed to handle the request; its log says why.",
    });
    const entry = server.logs.find((each): each is RequestLog => "status" in each);
    expect(entry?.error).toBe("internal_error");
    expect(entry?.detail).toContain("closed");
  });
});

test("stopping the server answers what is under way and accepts nothing new", async () => {
  const head = "POST /v1/login/options HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n";
  const { socket, received } = raw(server.base, `${head}connection: close\r\n\r\n{`);
  await once(socket, "connect");
  // The first half has arrived once a request sent after it has been answered.
  await server.send("/healthz");
  const stopped = server.stop();
  socket.write("}");
  expect(await received).toStartWith("HTTP/1.1 200 OK");
  await stopped;
  const after = await fetch(`${server.base}/healthz`).catch(() => "refused");
  expect(after).toBe("refused");
  server = await startTestServer();
});
