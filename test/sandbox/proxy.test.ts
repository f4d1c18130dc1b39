/** The way in: what the proxy leads to, what it refuses, and that Vouch's own requests find it by the environment. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { names, type Sandbox, startSandbox } from "./main.ts";

let sandbox: Sandbox;
let vouchServer: Bun.Server<undefined>;

beforeAll(async () => {
  vouchServer = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/large": () => new Response(new Uint8Array(16 << 20)),
      "/count": async (request) => Response.json({ bytes: (await request.arrayBuffer()).byteLength }),
      "/redirect": () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }),
    },
    fetch: (request) => Response.json({ url: request.url, method: request.method, dpop: request.headers.get("dpop") }),
  });
  sandbox = await startSandbox({ vouchServer: vouchServer.url.origin });
});

afterAll(async () => {
  await sandbox.stop();
  await vouchServer.stop(true);
});

test("through the sandbox's proxy the Vouch server sees its public name, and the request as it was sent", async () => {
  const answer = await sandbox.fetch(`https://${names.vouchHost}/oauth/token?a=b%20c`, {
    method: "POST",
    headers: { dpop: "proof" },
  });
  expect(await answer.json()).toEqual({
    url: `http://${names.vouchHost}/oauth/token?a=b%20c`,
    method: "POST",
    dpop: "proof",
  });
});

test("the sandbox's proxy leaves redirects to the client", async () => {
  const answer = await sandbox.fetch(`https://${names.vouchHost}/redirect`, { redirect: "manual" });
  expect(answer.status).toBe(302);
  expect(answer.headers.get("location")).toBe("https://elsewhere.example/");
});

test("a Vouch server that is down is a bad gateway for the sandbox's proxy", async () => {
  sandbox.setVouchServer(undefined);
  expect((await sandbox.fetch(`https://${names.vouchHost}/healthz`)).status).toBe(502);
  sandbox.setVouchServer("http://127.0.0.1:1");
  expect((await sandbox.fetch(`https://${names.vouchHost}/healthz`)).status).toBe(502);
  sandbox.setVouchServer(vouchServer.url.origin);
  expect((await sandbox.fetch(`https://${names.vouchHost}/healthz`)).status).toBe(200);
});

test("large bodies pass the sandbox's proxy whole in both directions", async () => {
  const down = await sandbox.fetch(`https://${names.vouchHost}/large`);
  expect((await down.arrayBuffer()).byteLength).toBe(16 << 20);
  const up = await sandbox.fetch(`https://${names.vouchHost}/count`, {
    method: "POST",
    body: new Uint8Array(16 << 20),
  });
  expect(await up.json()).toEqual({ bytes: 16 << 20 });
});

const refusals = [
  "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n",
  `CONNECT ${names.packageHost}.evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n`,
  `CONNECT ${names.vouchHost}:22 HTTP/1.1\r\nhost: ${names.vouchHost}:22\r\n\r\n`,
  `CONNECT a.b.d.codeartifact.us-east-1.amazonaws.com:443 HTTP/1.1\r\nhost: a.b:443\r\n\r\n`,
  `GET http://example.org/ HTTP/1.1\r\nhost: example.org\r\n\r\n`,
];

test.each(refusals)("the sandbox's proxy refuses %j and remembers it", async (head) => {
  const before = sandbox.refused.length;
  expect(await firstLine(head)).toBe("HTTP/1.1 403 Forbidden");
  expect(sandbox.refused.length).toBe(before + 1);
});

const httpModule = join(import.meta.dir, "../../src/base/net/http.ts");
const url = `https://${names.vouchHost}/healthz`;

test("Vouch's own requests go through the proxy of the environment, with the CA bundle that they are given", async () => {
  expect(await vouchRequest({ url, method: "GET", caBundle: sandbox.caPath })).toMatchObject({ status: 200 });
  expect(await vouchRequest({ url, method: "GET" })).toMatchObject({ code: "network" });
  expect(await vouchRequest({ url: "https://example.org/", method: "GET" })).toMatchObject({ code: "network" });
  expect(sandbox.refused.at(-1)).toBe("example.org:443");
});

/** What src/base/net/http.ts makes of a request in a process of its own, which has nothing but the proxy in its environment. */
async function vouchRequest(request: object): Promise<unknown> {
  const { HTTPS_PROXY = "", NO_PROXY = "" } = sandbox.env;
  const script = `
    const { httpRequest } = await import(${JSON.stringify(httpModule)});
    const answer = await httpRequest(${JSON.stringify(request)}).catch((error) => error);
    console.log(JSON.stringify({ status: answer.status, code: answer.code, message: answer.message }));`;
  const child = Bun.spawn([process.execPath, "-e", script], { env: { HTTPS_PROXY, NO_PROXY } });
  return JSON.parse(await child.stdout.text());
}

function firstLine(request: string): Promise<string> {
  const { port } = new URL(sandbox.proxyUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) }, () => socket.write(request));
    socket.once("error", reject);
    socket.once("data", (data: Buffer) => {
      socket.destroy();
      resolve(data.toString().split("\r\n")[0] ?? "");
    });
  });
}
