/** The sandbox's STS accepts one good web identity and refuses every way of being wrong. */
import { beforeAll, describe, expect, test } from "bun:test";
import * as jose from "jose";
import type { Account } from "../account.ts";
import { createDeveloperAccount } from "../developer-account.ts";
import { createIssuer, type Issuer } from "./issuer.ts";
import { handleSts } from "./sts.ts";
import type { Fetch } from "./web-identity.ts";

const url = "https://sts.us-east-1.amazonaws.com/";
let issuer: Issuer;
beforeAll(async () => {
  issuer = await createIssuer();
});

async function ask(
  parameters: Record<string, string | undefined>,
  { account = createDeveloperAccount(), fetch = issuer.fetch }: { account?: Account; fetch?: Fetch } = {},
): Promise<{ status: number; code: string | undefined; body: string }> {
  const all = {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: "arn:aws:iam::123456789012:role/vouch-developer",
    RoleSessionName: "dev@example.com",
    WebIdentityToken: await issuer.token(),
    ...parameters,
  };
  const body = new URLSearchParams(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const request = new Request(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  });
  const response = await handleSts(request, { account, region: "us-east-1", fetch });
  const text = await response.text();
  return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], body: text };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** The issuer, with one of its documents changed. */
function changed(address: string, change: (json: never) => unknown): Fetch {
  return async (asked) => {
    const response = await issuer.fetch(asked);
    return asked === address ? Response.json(change((await response.json()) as never)) : response;
  };
}

/** The account, with its role's trust policy changed. */
function trusting(change: (account: Account) => void): Account {
  const account = createDeveloperAccount();
  change(account);
  return account;
}

test("the sandbox's STS gives credentials for a good web identity, in the form of the API", async () => {
  const account = createDeveloperAccount();
  const { status, body } = await ask({}, { account });
  expect(status).toBe(200);
  const answer = Bun.XML.parse(body) as Record<string, Record<string, Record<string, Record<string, string>>>>;
  const credentials = answer["AssumeRoleWithWebIdentityResponse"]?.["AssumeRoleWithWebIdentityResult"]?.["Credentials"];
  expect(credentials?.["AccessKeyId"]).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(account.credentials(credentials?.["AccessKeyId"] ?? "")?.secretAccessKey).toBe(
    credentials?.["SecretAccessKey"],
  );
  expect(credentials?.["Expiration"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

describe("the sandbox's STS checks the parameters", () => {
  test.each<[string, Record<string, string | undefined>, number, string]>([
    ["another version", { Version: "2011-06-14" }, 400, "InvalidAction"],
    ["no version", { Version: undefined }, 400, "InvalidAction"],
    ["another action", { Action: "AssumeRoleWithSAML" }, 400, "InvalidAction"],
    ["no role", { RoleArn: undefined }, 400, "ValidationError"],
    ["a role that is no ARN", { RoleArn: "vouch-developer-role-in-words" }, 400, "ValidationError"],
    ["a role that does not exist", { RoleArn: "arn:aws:iam::123456789012:role/other" }, 403, "AccessDenied"],
    ["a role of another account", { RoleArn: "arn:aws:iam::210987654321:role/other" }, 400, "InvalidIdentityToken"],
    ["a session name with a space", { RoleSessionName: "dev example" }, 400, "ValidationError"],
    ["a session name of one character", { RoleSessionName: "x" }, 400, "ValidationError"],
    ["899 seconds", { DurationSeconds: "899" }, 400, "ValidationError"],
    ["43201 seconds", { DurationSeconds: "43201" }, 400, "ValidationError"],
    ["seconds in words", { DurationSeconds: "1h" }, 400, "ValidationError"],
    ["no token", { WebIdentityToken: undefined }, 400, "ValidationError"],
    ["a token that is none", { WebIdentityToken: "not.a.jwt" }, 400, "InvalidIdentityToken"],
  ])("and so refuses %s", async (_, parameters, status, code) => {
    expect(await ask(parameters)).toMatchObject({ status, code });
  });

  test("and compares the duration with the role's MaxSessionDuration", async () => {
    const account = createDeveloperAccount({ maxSessionDuration: 3600 });
    expect((await ask({ DurationSeconds: "3600" }, { account })).status).toBe(200);
    const { code, body } = await ask({ DurationSeconds: "3601" }, { account });
    expect(code).toBe("ValidationError");
    expect(body).toContain("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  });
});

describe("the sandbox's STS checks the tokens", () => {
  test.each<[string, () => Promise<string>, string]>([
    ["of an issuer without a provider", () => issuer.token({ iss: "https://other.example" }), "InvalidIdentityToken"],
    ["for another audience", () => issuer.token({ aud: "https://other.example" }), "InvalidIdentityToken"],
    ["without an audience", () => issuer.token({ aud: undefined }), "InvalidIdentityToken"],
    ["without a subject", () => issuer.token({ sub: undefined }), "InvalidIdentityToken"],
    ["with a subject of 5 characters", () => issuer.token({ sub: "12345" }), "InvalidIdentityToken"],
    ["with a subject of 256 characters", () => issuer.token({ sub: "x".repeat(256) }), "InvalidIdentityToken"],
    ["without iat", () => issuer.token({ iat: undefined }), "InvalidIdentityToken"],
    ["issued half a second", () => issuer.token({ iat: now() - 0.5 }), "InvalidIdentityToken"],
    ["without exp", () => issuer.token({ exp: undefined }), "InvalidIdentityToken"],
    ["that have ended", () => issuer.token({ exp: now() - 1 }), "ExpiredTokenException"],
    ["not yet valid", () => issuer.token({ nbf: now() + 600 }), "InvalidIdentityToken"],
    ["of a key that is not published", () => issuer.token({}, { kid: "key-2" }), "InvalidIdentityToken"],
    [
      "signed by another key under the issuer's name",
      async () => issuer.token({}, { key: (await jose.generateKeyPair("ES256")).privateKey }),
      "InvalidIdentityToken",
    ],
    [
      "in an algorithm that IAM does not take",
      async () => issuer.token({}, { alg: "EdDSA", key: (await jose.generateKeyPair("EdDSA")).privateKey }),
      "InvalidIdentityToken",
    ],
    [
      "without a signature",
      async () => {
        const [, payload] = (await issuer.token()).split(".");
        return `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
      },
      "InvalidIdentityToken",
    ],
  ])("and refuses those %s", async (_, token, code) => {
    expect((await ask({ WebIdentityToken: await token() })).code).toBe(code);
  });

  test("and is content with one of several audiences", async () => {
    const token = await issuer.token({ aud: ["https://other.example", "sts.amazonaws.com"] });
    expect((await ask({ WebIdentityToken: token })).status).toBe(200);
  });
});

describe("the sandbox's STS refuses an issuer's documents", () => {
  const discovery = "https://vouch.example.com/.well-known/openid-configuration";
  const keys = "https://vouch.example.com/.well-known/jwks.json";
  test.each<[string, Fetch, string]>([
    ["an issuer that is down", () => Promise.reject(new Error("refused")), "IDPCommunicationError"],
    ["an issuer that fails", async () => new Response("", { status: 500 }), "IDPCommunicationError"],
    ["a page", async () => new Response("<html>"), "IDPCommunicationError"],
    [
      "the document of another issuer",
      changed(discovery, (json: object) => ({ ...json, issuer: "https://evil.example" })),
      "InvalidIdentityToken",
    ],
    [
      "keys without https",
      changed(discovery, (json: object) => ({ ...json, jwks_uri: "http://vouch.example.com/.well-known/jwks.json" })),
      "InvalidIdentityToken",
    ],
    ["no keys", changed(keys, () => ({ keys: [] })), "InvalidIdentityToken"],
    [
      "more than 100 keys",
      changed(keys, (json: { keys: object[] }) => ({ keys: Array.from({ length: 101 }, () => json.keys[0]) })),
      "InvalidIdentityToken",
    ],
  ])("of %s", async (_, fetch, code) => {
    expect((await ask({}, { fetch })).code).toBe(code);
  });
});

describe("the sandbox's STS evaluates the trust policy", () => {
  const condition = (operator: string, key: string, value: string | string[]) =>
    trusting(({ roles }) => {
      for (const statement of roles[0]?.trustPolicy.Statement ?? []) {
        statement.Condition = { [operator]: { [`vouch.example.com:${key}`]: value } };
      }
    });

  test.each<[string, Account, number]>([
    ["sub that is equal", condition("StringEquals", "sub", "user-0001"), 200],
    ["sub that is one of several", condition("StringEquals", "sub", ["user-0002", "user-0001"]), 200],
    ["sub that is another", condition("StringEquals", "sub", "user-0002"), 403],
    ["sub that matches a pattern", condition("StringLike", "sub", "user-*"), 200],
    ["sub that matches one character each", condition("StringLike", "sub", "user-000?"), 200],
    ["sub that is longer than the pattern", condition("StringLike", "sub", "user-000"), 403],
    ["a pattern where only equality is meant", condition("StringEquals", "sub", "user-*"), 403],
    ["aud that is another", condition("StringEquals", "aud", "another"), 403],
    ["a key that the token does not have", condition("StringEquals", "email", "x"), 403],
    [
      "another provider",
      trusting(({ roles }) => {
        for (const statement of roles[0]?.trustPolicy.Statement ?? []) {
          statement.Principal = { Federated: "arn:aws:iam::123456789012:oidc-provider/other.example" };
        }
      }),
      403,
    ],
    [
      "a statement that denies",
      trusting(({ roles }) =>
        roles[0]?.trustPolicy.Statement.push({ Effect: "Deny", Principal: "*", Action: "sts:*" }),
      ),
      403,
    ],
  ])("with %s", async (_, account, status) => {
    expect((await ask({}, { account })).status).toBe(status);
  });
});
