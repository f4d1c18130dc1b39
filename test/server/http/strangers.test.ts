/** Requests as strangers send them: what is logged, echoed and counted, and that no words of the runtime come back. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import * as fc from "fast-check";
import { routes } from "../../../src/server/routes.ts";
import type { RequestLog } from "../../../src/server/options.ts";
import { DpopKey } from "../oauth/dpop-key.ts";
import { newPerson } from "../person.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ rateLimits: { enroll: 1e6, login: 1e6, token: 1e6 } });
});
afterEach(() => server.stop());

function exchange(text: string, end: "answered" | "abort"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(server.base).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => (answer += data.toString()));
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  socket.write(text, () => {
    if (end === "abort") setImmediate(() => socket.destroy());
  });
  return promise;
}

test("a request with two Host headers gets 400 (RFC 9112, 3.2)", async () => {
  for (const path of ["/healthz", "/.well-known/jwks.json", "/nothing"]) {
    const head = `GET ${path} HTTP/1.1\r\nHost: vouch.example.com\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    expect(await exchange(head, "answered")).toStartWith("HTTP/1.1 400 ");
  }
});

test("a body that its client aborts is logged as 499, not as a failure of the server", async () => {
  const head =
    "POST /v1/login/options HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n";
  for (const body of ["", "{", `{"a":"${"x".repeat(4000)}`]) await exchange(`${head}\r\n${body}`, "abort");
  while (server.logs.length < 3)
    await server
      .send("/healthz")
      .then(() =>
        server.logs.splice(
          0,
          server.logs.length,
          ...server.logs.filter((entry) => (entry as RequestLog).path !== "/healthz"),
        ),
      );
  expect(new Set(server.logs.map((entry) => (entry as RequestLog).status))).toEqual(new Set([499]));
});

test("a name of endless length is neither echoed nor logged whole", async () => {
  const name = "n".repeat(30_000);
  const person = await newPerson(server);
  const dpop = await DpopKey.generate();
  server.logs.length = 0;
  const answers = [
    await server.send("/oauth/revoke", {
      method: "POST",
      body: new URLSearchParams([
        [name, "1"],
        [name, "2"],
      ]),
    }),
    await server.post("/v1/login/options", { [name]: 1 }),
    await server.post("/v1/enroll/options", { code: "A", [name]: 1 }),
    await server.send("/v1/login/options", {
      method: "POST",
      headers: { "content-type": name.slice(0, 8000) },
      body: "",
    }),
    await server.send(`/${name.slice(0, 8000)}`),
    await server.form(
      "/oauth/token",
      { [name]: "1" },
      { dpop: await server.proof(dpop, { htm: name.slice(0, 4000) }) },
    ),
    await server.form(
      "/oauth/token",
      {},
      { dpop: await server.proof(dpop, { htu: `https://${name.slice(0, 4000)}` }) },
    ),
    await server.form("/oauth/token", {}, { dpop: await server.proof(dpop, { htu: name.slice(0, 4000) }) }),
    await server.inSession(person, "POST", "/v1/credentials/renaming", { [name]: 1 }),
  ];
  for (const { status, body } of answers) {
    expect(status).toBeWithin(400, 500);
    expect(JSON.stringify(body).length).toBeLessThan(800);
  }
  for (const entry of server.logs) expect(JSON.stringify(entry).length).toBeLessThan(1200);
});

describe("the rate limits", () => {
  test("do not follow the wall clock: nine hours forward and back free nobody and lock nobody out", async () => {
    let seconds = 0;
    let wall = 1_800_000_000;
    await server.stop();
    server = await startTestServer({
      rateLimits: { enroll: 1, login: 1, token: 1 },
      now: () => wall,
      monotonic: () => seconds,
    });
    const ask = () => server.post("/v1/login/options", {});
    expect((await ask()).status).toBe(200);
    for (const jump of [9 * 3600, -18 * 3600, 9 * 3600]) {
      wall += jump;
      const { status, headers } = await ask();
      expect({ status, wait: headers.get("retry-after") }).toEqual({ status: 429, wait: "60" });
    }
    seconds += 59.5;
    expect((await ask()).headers.get("retry-after")).toBe("1");
    seconds += 0.5;
    expect((await ask()).status).toBe(200);
  });

  test("count a client behind a proxy once, whatever its port and the form of its address", async () => {
    await server.stop();
    server = await startTestServer({ rateLimits: { enroll: 1, login: 1, token: 1 }, trustProxy: true });
    const statuses: number[] = [];
    for (const forwarded of ["203.0.113.9:1", "203.0.113.9:2", "[::ffff:203.0.113.9]:3", "1.1.1.1, 203.0.113.9"]) {
      const headers = { "content-type": "application/json", "x-forwarded-for": forwarded };
      statuses.push((await server.send("/v1/login/options", { method: "POST", headers, body: "{}" })).status);
    }
    expect(statuses).toEqual([200, 429, 429, 429]);
    for (const entry of server.logs) expect((entry as RequestLog).address).toBe("203.0.113.9");
  });
});

/** What JavaScript engines, valibot, jose and SQLite say of a fault; none of it is for strangers. */
const internals =
  /undefined|is not an? (?:object|function|iterable|constructor)|evaluating|null is|cannot (?:read|destructure)|TypeError|RangeError|SyntaxError|SQLite|ENOENT|\bat \/|node_modules|\.ts\b|JSON Parse|\[object/i;

describe("no answer has error text of the runtime", () => {
  /** JSON in which any member may be of any type, with the names that the server knows. */
  const names = fc.constantFrom(
    "ceremony",
    "code",
    "credential",
    "name",
    "product",
    "id",
    "rawId",
    "type",
    "response",
    "force",
    "approval",
    "clientDataJSON",
    "attestationObject",
    "authenticatorData",
    "signature",
    "userHandle",
    "transports",
    "clientExtensionResults",
    "__proto__",
    "constructor",
    "toString",
    "length",
    "publicKeyAlgorithm",
  );
  const leaf = fc.oneof(
    fc.constantFrom(null, true, 0, -1, 1e308, "", "public-key", "AAAA", "A", [], {}, "platform"),
    fc.string({ maxLength: 20 }),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(names, tie("value"), { maxKeys: 8 }),
    ),
  }));

  test.each(routes.filter(({ method }) => method === "POST").map(({ path }) => [path]))("of %s", async (path) => {
    const person = await newPerson(server);
    const dpop = await DpopKey.generate();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(value, fc.string({ maxLength: 40 }), async (body, text) => {
        const { body: answer, status } = path.startsWith("/oauth/")
          ? await server.form(
              path,
              {
                grant_type: text.length % 2 === 0 ? "urn:vouch:params:oauth:grant-type:webauthn" : text,
                ceremony: text,
                credential: JSON.stringify(body) ?? "",
                token: text,
              },
              { dpop: await server.proof(dpop, text.length % 3 === 0 ? { iat: body, htu: body } : {}) },
            )
          : path.startsWith("/v1/credentials")
            ? await server.inSession(person, "POST", path, body)
            : await server.post(path, body);
        if (status >= 400) refused += 1;
        expect(status).toBeLessThan(500);
        const { message, hint, error_description: description } = { ...answer, ...answer?.error };
        expect(`${message ?? ""} ${hint ?? ""} ${description ?? ""}`.replace(/^undefined$/, "")).not.toMatch(internals);
      }),
      { numRuns: 60 },
    );
    if (path !== "/oauth/revoke") expect(refused).toBeGreaterThan(20);
  });

  test("of a DPoP proof that is anything", async () => {
    const segment = fc.oneof(
      fc.base64String({ maxLength: 40 }),
      leaf.map((json) => btoa(unescape(encodeURIComponent(JSON.stringify(json))))),
    );
    const proofs = fc
      .array(segment, { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join(".").replaceAll("=", ""));
    await fc.assert(
      fc.asyncProperty(proofs, async (dpop) => {
        const { status, body } = await server.form("/oauth/token", {}, { dpop });
        expect({ status, error: body.error }).toEqual({ status: 400, error: "invalid_dpop_proof" });
        expect(body.error_description).not.toMatch(internals);
      }),
      { numRuns: 200 },
    );
  });
});

test("a server with working dependencies is alive and ready", async () => {
  expect((await server.send("/readyz")).body).toEqual({ status: "ok", signing: "ok" });
  expect((await server.send("/healthz")).body).toEqual({ status: "ok" });
});

test("the metadata for OAuth clients (RFC 8414) are the same as the issuer's", async () => {
  const [oauth, oidc] = await Promise.all(
    ["oauth-authorization-server", "openid-configuration"].map((name) => server.send(`/.well-known/${name}`)),
  );
  expect(oauth?.status).toBe(200);
  expect(oauth?.body).toEqual(oidc?.body);
});
