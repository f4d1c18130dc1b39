/** The sandbox as a process of its own, driven by its control API alone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../temp-folder.ts";

interface Ready {
  env: Record<string, string>;
  caPath: string;
  proxyUrl: string;
  controlUrl: string;
}

const temporary = tempFolder();
const folder = temporary.path;
let child: Bun.Subprocess<"ignore", "pipe", "inherit">;
let ready: Ready;

beforeAll(async () => {
  child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), "--folder", join(folder, "sandbox")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  ready = JSON.parse(new TextDecoder().decode(value)) as Ready;
});

afterAll(async () => {
  child.kill();
  await child.exited;
  temporary[Symbol.dispose]();
});

async function call(method: "GET" | "POST", path: string, body?: object): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(`${ready.controlUrl}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, json: await answer.json() };
}

test("the sandbox prints a line of JSON with all that a client needs", () => {
  expect(existsSync(ready.caPath)).toBe(true);
  expect(ready.env).toMatchObject({ HTTPS_PROXY: ready.proxyUrl, AWS_CA_BUNDLE: ready.caPath });
});

test("the sandbox counts requests, and denies the actions that it is told to deny", async () => {
  const url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/my-lib";
  const options = { proxy: ready.proxyUrl, tls: { ca: await Bun.file(ready.caPath).text() } };
  expect((await fetch(url, options)).status).toBe(401);
  const { json } = await call("GET", "/counters");
  expect(json).toMatchObject({ AssumeRoleWithWebIdentity: 0, npm: { requests: 1, unauthorized: 1, forbidden: 0 } });
});

test("the sandbox lists the hosts that its proxy refused", async () => {
  await fetch("https://example.org/", { proxy: ready.proxyUrl }).catch(() => {});
  expect((await call("GET", "/refused")).json).toEqual(["example.org:443"]);
});

test("the sandbox plays the ordered failures in place of the real answers", async () => {
  const failure = {
    operation: "GetAuthorizationToken",
    status: 429,
    code: "ThrottlingException",
    message: "Slow down",
  };
  expect((await call("POST", "/knobs", { failNext: failure })).status).toBe(200);
  const options = { method: "POST", proxy: ready.proxyUrl, tls: { ca: await Bun.file(ready.caPath).text() } };
  const url = "https://codeartifact.us-east-1.amazonaws.com/v1/authorization-token?domain=my-domain";
  expect((await fetch(url, options)).status).toBe(429);
  expect((await fetch(url, options)).status).toBe(403);
});

test("the sandbox seeds a package once", async () => {
  const seed = { format: "pypi", name: "my-package", version: "1.0.0", files: { "my_package.py": "" } };
  expect((await call("POST", "/seed", seed)).status).toBe(200);
  expect(await call("POST", "/seed", seed)).toMatchObject({ status: 400, json: { error: expect.any(String) } });
});

test.each([{ latency: 5 }, { latencyMs: "5" }, { failNext: { operation: "DeleteDomain" } }])(
  "the sandbox refuses settings that do not exist: %j",
  async (knobs) => {
    expect(await call("POST", "/knobs", knobs)).toMatchObject({ status: 400, json: { error: expect.any(String) } });
  },
);

test("the sandbox says who asked AWS for what, and how it ended", async () => {
  const parameters = {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: "arn:aws:iam::123456789012:role/vouch-developer",
    RoleSessionName: "somebody",
    WebIdentityToken: "not.a.jwt",
  };
  const options = { proxy: ready.proxyUrl, tls: { ca: await Bun.file(ready.caPath).text() } };
  const body = new URLSearchParams(parameters);
  await fetch("https://sts.us-east-1.amazonaws.com/", { method: "POST", body, ...options });
  const { json } = await call("GET", "/trail");
  expect((json as object[]).at(-1)).toEqual({
    operation: "AssumeRoleWithWebIdentity",
    role: "vouch-developer",
    sessionName: "somebody",
    tags: {},
    status: 400,
    errorCode: "InvalidIdentityToken",
  });
});
