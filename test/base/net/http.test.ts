import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { httpRequest } from "../../../src/base/net/http.ts";
import { rejection } from "../../rejection.ts";
import { makeCertificates } from "../../sandbox/certificates.ts";
import { tempFolder } from "../../temp-folder.ts";

let server: Bun.Server<undefined>;
let url: string;
let followed = 0;
beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    reusePort: false,
    routes: {
      "/echo": async (request) =>
        Response.json({ method: request.method, body: await request.text() }, { status: 418 }),
      "/moved": () => new Response(null, { status: 302, headers: { location: "/target" } }),
      "/target": () => {
        followed++;
        return new Response("followed");
      },
      "/large": () => new Response("x".repeat(2000)),
      "/endless": () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              controller.enqueue(new Uint8Array(1000));
              await Bun.sleep(1);
            },
          }),
        ),
      "/silent": () => new Promise<Response>(() => {}),
    },
  });
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.stop(true));

test("a request gives the whole answer, whatever its status", async () => {
  const response = await httpRequest({ url: `${url}/echo`, method: "POST", body: "grüße" });
  expect(response.status).toBe(418);
  expect(JSON.parse(response.body)).toEqual({ method: "POST", body: "grüße" });
});

test("a request follows no redirect", async () => {
  expect((await httpRequest({ url: `${url}/moved`, method: "GET" })).status).toBe(302);
  expect(followed).toBe(0);
});

test.each(["/large", "/endless"])("an answer larger than the limit is refused: %s", async (path) => {
  const failure = await rejection(httpRequest({ url: `${url}${path}`, method: "GET", maxBytes: 1999 }));
  expect(failure).toMatchObject({ code: "network", message: expect.stringContaining("larger than 1999 bytes") });
});

test("a request whose answer does not come ends with the limit", async () => {
  const failure = await rejection(httpRequest({ url: `${url}/silent`, method: "GET", timeoutMs: 50 }));
  expect(failure).toMatchObject({ code: "timeout", message: expect.stringContaining("within 0.05 seconds") });
});

test("the caller's signal ends a request", async () => {
  const caller = new AbortController();
  const asked = rejection(httpRequest({ url: `${url}/silent`, method: "GET", signal: caller.signal }));
  caller.abort();
  expect((await asked).code).toBe("cancelled");
});

test.each([
  ["http://vouch.example.com/", "Expected an https URL"],
  ["http://localhost.example.com/", "Expected an https URL"],
  ["ftp://127.0.0.1/", "Expected an https URL"],
  ["file:///etc/passwd", "Expected an https URL"],
  ["vouch.example.com", "Expected a URL"],
])("a request to %s is refused before anything is sent", async (other, message) => {
  const failure = await rejection(httpRequest({ url: other, method: "GET" }));
  expect(failure).toMatchObject({ code: "usage", message: expect.stringContaining(message) });
});

test("a request to nobody, and one with a CA bundle that is missing, say what to look at", async () => {
  const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = closed;
  closed.stop(true);
  expect(await rejection(httpRequest({ url: `http://127.0.0.1:${port}/`, method: "GET" }))).toMatchObject({
    code: "network",
    hint: expect.stringContaining("HTTPS_PROXY"),
  });
  const caBundle = "/no/such/ca.pem";
  expect(await rejection(httpRequest({ url: `${url}/echo`, method: "GET", caBundle }))).toMatchObject({
    code: "file_error",
    message: expect.stringContaining(caBundle),
  });
});

test("requests one after the other share a TLS connection, with a private CA too", async () => {
  using folder = tempFolder();
  const { certificate: cert, privateKey: key, caPath } = await makeCertificates(["localhost"], folder.path);
  let connections = 0;
  const secure = createServer({ cert, key }, (_, response) => response.end("hello"));
  secure.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  try {
    const address = `https://localhost:${(secure.address() as AddressInfo).port}/`;
    for (let sent = 0; sent < 5; sent++) {
      expect(await httpRequest({ url: address, method: "GET", caBundle: caPath })).toMatchObject({ body: "hello" });
    }
    expect(connections).toBe(1);
  } finally {
    secure.closeAllConnections();
    secure.close();
  }
});
