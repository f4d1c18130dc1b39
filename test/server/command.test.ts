/** `vouch server …` as processes: what they print, the code they end with, a server that runs and stops. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseListen } from "../../src/server/command/run.ts";
import { parseSessionDuration } from "../../src/server/session-duration.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
let folder: string;
let database: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vouch-server-command-"));
  database = `sqlite:${join(folder, "vouch.db")}`;
  await vouch("init", "--url", "https://vouch.example.com", "--database", database);
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  return Bun.spawn([process.execPath, main, "server", ...args], { env, cwd: folder, stdout: "pipe", stderr: "pipe" });
}

async function vouch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** Starts a server and resolves with the address in its first line. */
async function run(...args: string[]) {
  const child = start("run", "--listen", "127.0.0.1:0", "--database", database, ...args);
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  const address = /listening on (\S+)\n/.exec(text)?.[1];
  if (address === undefined) throw new Error(`no address in "${text}": ${await new Response(child.stderr).text()}`);
  return { child, address };
}

describe("init", () => {
  test("prints what AWS needs: the provider, the trust policy, the permissions", async () => {
    const { code, stdout, stderr } = await vouch("init", "--url", "https://vouch.example.com/", "--database", database);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(
      "aws iam create-open-id-connect-provider --url https://vouch.example.com --client-id-list sts.amazonaws.com\n",
    );
    const [trust, permissions] = [...stdout.matchAll(/^ {3}\{\n[^]*?^ {3}\}$/gm)].map(([text]) => JSON.parse(text));
    expect(trust.Statement[0]).toEqual({
      Effect: "Allow",
      Principal: { Federated: "arn:aws:iam::123456789012:oidc-provider/vouch.example.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { "vouch.example.com:aud": "sts.amazonaws.com" } },
    });
    expect(permissions.Statement[1].Action).toBe("sts:GetServiceBearerToken");
    expect(stdout).not.toContain("AWS accepts an issuer only");
  });

  test("says when AWS will not take the URL", async () => {
    const other = `sqlite:${join(folder, "local.db")}`;
    const { stdout } = await vouch("init", "--url", "http://localhost:8787", "--database", other, "--audience", "a, b");
    expect(stdout).toContain("AWS accepts an issuer only at https without a port");
    expect(stdout).toContain("--client-id-list a b\n");
  });

  test("refuses another URL for the same database", async () => {
    const { code, stdout, stderr } = await vouch("init", "--url", "https://b.example.com", "--database", database);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("belongs to https://vouch.example.com");
  });
});

describe("invite, users, revoke", () => {
  test("an invited person is listed, and everything of theirs is ended", async () => {
    const invited = await vouch("invite", "Dev@Example.com", "--database", database);
    expect(invited.stdout).toMatch(/^Enrolment code for dev@example\.com: ([0-9A-Z]{4}-){3}[0-9A-Z]{4}\n/);
    expect(invited.stdout).toContain("\n   vouch enroll --server https://vouch.example.com\n");

    const json = await vouch("invite", "dev@example.com", "--database", database, "--json");
    expect(JSON.parse(json.stdout)).toEqual({
      email: "dev@example.com",
      code: expect.stringMatching(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/),
      server: "https://vouch.example.com",
      expiration: expect.any(Number),
    });

    const [user] = JSON.parse((await vouch("users", "--database", database, "--json")).stdout);
    expect(user).toMatchObject({ email: "dev@example.com", sessions: 0, credentials: [] });
    expect((await vouch("users", "--database", database)).stdout).toMatch(
      /^dev@example\.com {2}\(sub [0-9a-f-]{36}; sessions: 0, invited until \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\n$/,
    );

    const revoked = await vouch("revoke", "dev@example.com", "--credentials", "--database", database);
    expect(revoked.stdout).toStartWith("Ended 0 sessions of dev@example.com.\nRemoved 0 security keys.\n");
    const [after] = JSON.parse((await vouch("users", "--database", database, "--json")).stdout);
    expect(after.inviteExpiresAt).toBeUndefined();
  });

  test.each<[string, string[], number, string]>([
    ["an email that is none", ["invite", "dev"], 2, "Expected an email address"],
    ["nobody", ["revoke", "nobody@example.com"], 2, "There is no user"],
  ])("refuse %s", async (_name, args, code, message) => {
    const result = await vouch(...args, "--database", database);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  test.each(["invite", "users", "revoke", "run"])("%s asks for `init` first", async (command) => {
    const email = command === "invite" || command === "revoke" ? ["a@example.com"] : [];
    const { code, stderr } = await vouch(command, ...email, "--database", `sqlite:${join(folder, "none.db")}`);
    expect(code).toBe(1);
    expect(stderr).toContain("vouch server init");
  });
});

describe("run", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("answers until %s, then ends with 0", async (signal) => {
    const { child, address } = await run();
    const health = await fetch(`${address}/healthz`);
    expect(await health.json()).toEqual({ status: "ok" });
    child.kill(signal);
    expect(await child.exited).toBe(0);
    const lines = (await new Response(child.stderr).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: expect.any(String),
        method: "GET",
        path: "/healthz",
        status: 200,
        milliseconds: expect.any(Number),
        address: "127.0.0.1",
      },
    ]);
  });

  test("takes an invite made while it runs", async () => {
    const { child, address } = await run();
    const { code } = JSON.parse((await vouch("invite", "new@example.com", "--database", database, "--json")).stdout);
    const answer = await fetch(`${address}/v1/enroll/options`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    expect(answer.status).toBe(200);
    child.kill();
    await child.exited;
  });

  test("with --url makes what is missing, and keeps to the URL that it finds", async () => {
    const other = `sqlite:${join(folder, "made.db")}`;
    const { child, address } = await run("--url", "http://localhost:8787", "--database", other);
    const discovery = (await (await fetch(`${address}/.well-known/openid-configuration`)).json()) as object;
    expect(discovery).toMatchObject({ issuer: "http://localhost:8787" });
    child.kill();
    await child.exited;
    const refused = await vouch("run", "--listen", "127.0.0.1:0", "--url", "http://localhost:9", "--database", other);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("belongs to http://localhost:8787");
  });

  test("says that the address is taken", async () => {
    const { child, address } = await run();
    const second = await vouch("run", "--listen", new URL(address).host, "--database", database);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain("--listen");
    child.kill();
    await child.exited;
  });

  test("wants a certificate and its key together, and readable", async () => {
    const certificate = join(folder, "cert.pem");
    writeFileSync(certificate, "not a certificate");
    const one = await vouch("run", "--database", database, "--tls-cert", certificate);
    expect(one).toMatchObject({ code: 2, stderr: expect.stringContaining("--tls-key") });
    const missing = await vouch("run", "--database", database, "--tls-cert", certificate, "--tls-key", "/nowhere.pem");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("/nowhere.pem") });
    const both = ["--tls-cert", certificate, "--tls-key", certificate];
    const wrong = await vouch("run", "--database", database, "--listen", "127.0.0.1:0", ...both);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--tls-cert") });
  });
});

test.each([
  ["127.0.0.1:8787", "127.0.0.1", 8787],
  ["[::1]:0", "::1", 0],
  ["vouch.internal:65535", "vouch.internal", 65_535],
])("--listen %s", (text, hostname, port) => {
  expect(parseListen(text)).toEqual({ hostname, port });
});

test.each(["", "8787", ":8787", "::1:8787", "localhost", "localhost:65536", "localhost:x"])(
  '--listen "%s" is refused',
  (text) => {
    expect(() => parseListen(text)).toThrow("Expected --listen HOST:PORT");
  },
);

test.each([
  ["8h", 28_800],
  ["480m", 28_800],
  ["1s", 1],
])("--session-duration %s", (text, seconds) => {
  expect(parseSessionDuration(text)).toBe(seconds);
});

test.each(["", "0h", "9h", "28801s", "8", "1d", "-1h", "1.5h", "toString"])(
  '--session-duration "%s" is refused',
  (text) => {
    expect(() => parseSessionDuration(text)).toThrow("at most 8h");
  },
);
