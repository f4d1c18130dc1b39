/** The parts of the sandbox together: from an ID token to a package, by nothing but the real names. */
import { afterEach, expect, test } from "bun:test";
import { createIssuer } from "./aws/sts/issuer.ts";
import { names, type Sandbox, startSandbox } from "./main.ts";

let sandbox: Sandbox;

afterEach(() => sandbox.stop());

function assumeRole(token: string): Promise<Response> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: names.roleArn,
    RoleSessionName: "dev@example.com",
    WebIdentityToken: token,
  });
  return sandbox.fetch(`https://sts.${names.region}.amazonaws.com/`, { method: "POST", body });
}

test("the sandbox's STS asks the issuer for its keys by its public name, and each time anew", async () => {
  const issuer = await createIssuer(`https://${names.vouchHost}`);
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { host, pathname } = new URL(request.url);
      asked.push(`${host}${pathname}`);
      return issuer.fetch(`https://${host}${pathname}`);
    },
  });
  sandbox = await startSandbox({ vouchServer: server.url.origin });
  const answer = await assumeRole(await issuer.token());
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("<SessionToken>")]);
  expect(asked).toEqual([
    `${names.vouchHost}/.well-known/openid-configuration`,
    `${names.vouchHost}/.well-known/jwks.json`,
  ]);

  sandbox.setVouchServer(undefined);
  const refused = await assumeRole(await issuer.token());
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("IDPCommunicationError")]);
  expect(sandbox.counters().AssumeRoleWithWebIdentity).toBe(2);
  await server.stop(true);
});

test("two sandboxes at once share nothing", async () => {
  sandbox = await startSandbox();
  const other = await startSandbox();
  const [role] = other.account.roles;
  if (!role) throw new Error("the account has no role");
  const authorization = `Bearer ${other.account.issueToken(role, names.domain, Date.now() / 1000 + 3600)}`;
  const ping = `https://${names.packageHost}/npm/my-repo/-/ping`;
  expect((await other.fetch(ping, { headers: { authorization } })).status).toBe(200);
  expect((await sandbox.fetch(ping, { headers: { authorization } })).status).toBe(401);
  await other.stop();
});
