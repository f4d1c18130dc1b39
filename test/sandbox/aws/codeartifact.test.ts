/** What the sandbox's CodeArtifact makes of well-signed requests. */
import { beforeEach, describe, expect, test } from "bun:test";
import { signRequest } from "../../../src/aws/sigv4.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { Account, IssuedCredentials } from "./account.ts";
import { handleCodeArtifact } from "./codeartifact.ts";
import type { Statement } from "../iam/document.ts";
import { createDeveloperAccount } from "./developer-account.ts";
import type { SessionAttributes } from "./sts/session/session.ts";

const region = "us-east-1";
let account: Account;
let issued: IssuedCredentials;
beforeEach(() => {
  account = createDeveloperAccount({ repositories: ["my-repo"] });
  const [role] = account.roles;
  if (!role) throw new Error("the account has no role");
  issued = account.issueCredentials(role, "dev@example.com", 3600);
});

async function ask(method: "GET" | "POST", path: string, query: Record<string, string>) {
  const credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
  const { url, headers } = await signRequest(
    { method, endpoint: `https://codeartifact.${region}.amazonaws.com`, path, query },
    { service: "codeartifact", region, credentials, date: new Date() },
  );
  const request = new Request(url, { method, headers: { ...headers, host: new URL(url).host } });
  const response = await handleCodeArtifact(request, { account, region });
  const code = response.headers.get("x-amzn-errortype")?.split(":")[0];
  return { status: response.status, code, body: (await response.json()) as Record<string, unknown> };
}

const token = (query: Record<string, string>) => ask("POST", "/v1/authorization-token", query);
const endpoint = (query: Record<string, string>) => ask("GET", "/v1/repository/endpoint", query);
const now = () => Date.now() / 1000;

describe("GetAuthorizationToken of the sandbox", () => {
  test.each([
    [undefined, 43200],
    ["0", 3600],
    ["900", 900],
    ["43200", 43200],
  ])("gives for the duration %p a token of %p seconds", async (duration, seconds) => {
    const { status, body } = await token({ domain: "my-domain", ...(duration ? { duration } : {}) });
    expect(status).toBe(200);
    expect(Number(body["expiration"]) - now()).toBeWithin(seconds - 10, seconds + 1);
    expect(body["authorizationToken"]).toMatch(/^[\x21-\x7e]{1000,2000}$/);
  });

  test.each([
    [{ domain: "my-domain", duration: "899" }, 400, "ValidationException"],
    [{ domain: "my-domain", duration: "43201" }, 400, "ValidationException"],
    [{ domain: "my-domain", duration: "-1" }, 400, "ValidationException"],
    [{ domain: "My_Domain" }, 400, "ValidationException"],
    [{ domain: "my-domain", "domain-owner": "1" }, 400, "ValidationException"],
    [{ domain: "other-domain" }, 403, "AccessDeniedException"],
    [{ domain: "my-domain", "domain-owner": "210987654321" }, 403, "AccessDeniedException"],
  ])("answers %j with %p %s", async (query, status, code) => {
    expect(await token(query as Record<string, string>)).toMatchObject({ status, code });
  });

  describe("for a session with tags and a source identity", () => {
    const session: SessionAttributes = {
      tags: { tags: new Map([["vouch:sub", "user-0001"]]), transitive: ["vouch:sub"] },
      sourceIdentity: "user-0001",
      identity: { "idp.example.com:sub": "user-0001" },
    };
    const deny = (Action: string, key: string, value: string): Statement => ({
      Effect: "Deny",
      Action,
      Resource: "*",
      Condition: { StringEquals: { [key]: value } },
    });

    test.each<[string, Statement, number]>([
      ["denies what its source identity is denied", deny("codeartifact:*", "aws:SourceIdentity", "user-0001"), 403],
      ["denies what its tag is denied", deny("codeartifact:*", "aws:PrincipalTag/vouch:sub", "user-0001"), 403],
      ["denies what its subject is denied", deny("codeartifact:*", "idp.example.com:sub", "user-0001"), 403],
      [
        "wants the bearer token, too",
        deny("sts:GetServiceBearerToken", "aws:PrincipalTag/Vouch:Sub", "user-0001"),
        403,
      ],
      ["gives what another is denied", deny("codeartifact:*", "aws:SourceIdentity", "user-0002"), 200],
      ["gives what another tag is denied", deny("*", "aws:PrincipalTag/vouch:email", "user-0001"), 200],
    ])("%s", async (_, statement, status) => {
      issued = account.issueCredentials(account.roles[0]!, "user-0001", 3600, session);
      account.roles[0]!.permissions.push(statement);
      const answered = await token({ domain: "my-domain" });
      expect(answered.status).toBe(status);
      if (status === 403)
        expect(answered.body["message"]).toContain("with an explicit deny in an identity-based policy");
      expect(account.trail.at(-1)).toEqual({
        operation: "GetAuthorizationToken",
        status,
        ...(status === 403 ? { errorCode: "AccessDeniedException" } : {}),
        role: "vouch-developer",
        sessionName: "user-0001",
        sourceIdentity: "user-0001",
        tags: { "vouch:sub": "user-0001" },
      });
    });
  });

  test("refuses a domain that does not exist although a wider policy allows it", async () => {
    account.roles[0]?.permissions.push({ Effect: "Allow", Action: "codeartifact:*", Resource: "*" });
    expect(await token({ domain: "other-domain" })).toMatchObject({
      status: 404,
      code: "ResourceNotFoundException",
      body: { message: "Domain not found. Domain 'other-domain' owned by account '123456789012' does not exist." },
    });
  });

  test("gives a token that ends with its time", async () => {
    const { body } = await token({ domain: "my-domain", duration: "900" });
    const text = String(body["authorizationToken"]);
    expect(account.verifyToken(text, "my-domain")).toBeDefined();
    account.clockOffsetMs = 901_000;
    expect(account.verifyToken(text, "my-domain")).toBeUndefined();
  });

  test("plays the failures that were ordered first, then the real answer", async () => {
    account.failNext("GetAuthorizationToken", { status: 500, code: "InternalServerException", message: "x" }, 2);
    const statuses = [await token({ domain: "my-domain" }), await token({ domain: "my-domain" })].map((a) => a.status);
    expect([...statuses, (await token({ domain: "my-domain" })).status]).toEqual([500, 500, 200]);
    expect(account.calls.GetAuthorizationToken).toBe(3);
  });
});

describe("GetRepositoryEndpoint of the sandbox", () => {
  const names = { domain: "my-domain", repository: "my-repo", format: "pypi" };

  test.each([
    [{}, "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/"],
    [{ endpointType: "dualstack" }, "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/pypi/my-repo/"],
  ])("answers %j with %s", async (more, repositoryEndpoint) => {
    expect((await endpoint({ ...names, ...more })).body).toEqual({ repositoryEndpoint });
  });

  test.each([
    [{ format: "rpm" }, 400, "ValidationException"],
    [{ endpointType: "ipv6" }, 400, "ValidationException"],
    [{ repository: "../x" }, 400, "ValidationException"],
    [{ repository: "other-repo" }, 404, "ResourceNotFoundException"],
  ])("answers %j with %p %s", async (more, status, code) => {
    expect(await endpoint({ ...names, ...more })).toMatchObject({ status, code });
  });
});

test("another operation of CodeArtifact is unknown to the sandbox", async () => {
  expect(await ask("GET", "/v1/domains", {})).toMatchObject({ status: 404, code: "UnknownOperationException" });
});
