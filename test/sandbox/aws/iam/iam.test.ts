/** The sandbox's IAM takes what the service model allows, from callers who may, and nothing else. */
import { describe, expect, test } from "bun:test";
import { signRequest } from "../../../../src/aws/sigv4.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { currentVersion, type Statement } from "../../iam/document.ts";
import { Account } from "../account.ts";
import { handleIam } from "./iam.ts";

const endpoint = "https://iam.amazonaws.com";
const region = "us-east-1";
const trust = JSON.stringify({
  Version: currentVersion,
  Statement: [{ Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" }],
});
const create = { Action: "CreateRole", RoleName: "dev", AssumeRolePolicyDocument: trust };

function accountWith(...permissions: Statement[]): Account {
  const trustPolicy = { Version: currentVersion, Statement: [] } as const;
  return new Account({
    id: "123456789012",
    roles: [
      { name: "administrator", maxSessionDuration: 3600, trustPolicy: { ...trustPolicy, Statement: [] }, permissions },
    ],
  });
}
const everything: Statement = { Effect: "Allow", Action: "iam:*", Resource: "*" };

/** Returns the status, the code of an error, and the answer. */
async function ask(account: Account, parameters: Record<string, string>, isSigned = true) {
  const issued = account.issueCredentials(account.roles[0]!, "me", 900);
  const body = new URLSearchParams({ Version: "2010-05-08", ...parameters }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const credentials = {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: new Secret(issued.secretAccessKey),
    sessionToken: new Secret(issued.sessionToken),
  };
  const request = { method: "POST", endpoint, path: "/", headers, body } as const;
  const signed = await signRequest(request, { service: "iam", region, date: new Date(), credentials });
  const response = await handleIam(
    new Request(`${endpoint}/`, {
      method: "POST",
      headers: { ...headers, ...(isSigned ? signed.headers : {}), host: "iam.amazonaws.com" },
      body,
    }),
    { account, region },
  );
  const text = await response.text();
  return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], text };
}

test("a role that was made is found, with its policies as they came", async () => {
  const account = accountWith(everything);
  expect(await ask(account, { ...create, MaxSessionDuration: "7200", Description: "a <b>" })).toMatchObject({
    status: 200,
  });
  const { text } = await ask(account, { Action: "GetRole", RoleName: "dev" });
  expect(text).toContain("<Arn>arn:aws:iam::123456789012:role/dev</Arn>");
  expect(text).toContain("<MaxSessionDuration>7200</MaxSessionDuration>");
  expect(text).toContain("<Description>a &lt;b&gt;</Description>");
  expect(text).toContain(`<AssumeRolePolicyDocument>${encodeURIComponent(trust)}</AssumeRolePolicyDocument>`);
});

test("the inline policies of a role are all its permissions, and one of the same name takes the place of the other", async () => {
  const account = accountWith(everything);
  await ask(account, create);
  const put = (PolicyName: string, Action: string) => {
    const PolicyDocument = JSON.stringify({
      Version: currentVersion,
      Statement: [{ Effect: "Allow", Action, Resource: "*" }],
    });
    return ask(account, { Action: "PutRolePolicy", RoleName: "dev", PolicyName, PolicyDocument });
  };
  for (const [name, action] of [
    ["a", "s3:GetObject"],
    ["b", "s3:PutObject"],
    ["a", "s3:ListBucket"],
  ] as const) {
    expect(await put(name, action)).toMatchObject({ status: 200 });
  }
  expect(account.roles[1]!.permissions.map(({ Action }) => Action)).toEqual(["s3:ListBucket", "s3:PutObject"]);
});

test("a caller needs the permission, for the action and for what it is asked of", async () => {
  const own: Statement = { Effect: "Allow", Action: "iam:CreateRole", Resource: "arn:aws:iam::123456789012:role/dev" };
  const account = accountWith(own);
  expect(await ask(account, { ...create, RoleName: "other" })).toMatchObject({ status: 403, code: "AccessDenied" });
  expect(await ask(account, { Action: "GetRole", RoleName: "dev" })).toMatchObject({
    status: 403,
    code: "AccessDenied",
  });
  expect(await ask(account, create)).toMatchObject({ status: 200 });
});

describe("it refuses", () => {
  const long = (characters: number) =>
    JSON.stringify({
      Version: currentVersion,
      Statement: [{ Effect: "Allow", Principal: { AWS: "x".repeat(characters) }, Action: "sts:AssumeRole" }],
    });
  const provider = { Action: "CreateOpenIDConnectProvider", Url: "https://vouch.example.com" };
  test.each<[string, Record<string, string>, string]>([
    ["an action that it does not know", { Action: "DeleteRole" }, "InvalidAction"],
    ["another version", { ...create, Version: "2011-06-15" }, "InvalidAction"],
    ["a role that is there already, in another case", { ...create, RoleName: "Administrator" }, "EntityAlreadyExists"],
    ["a role that is not there", { Action: "GetRole", RoleName: "dev" }, "NoSuchEntity"],
    [
      "a provider that is not there",
      { Action: "GetOpenIDConnectProvider", OpenIDConnectProviderArn: "arn:aws:iam::123456789012:oidc-provider/x" },
      "NoSuchEntity",
    ],
    ["a name that no role has", { ...create, RoleName: "a role" }, "ValidationError"],
    ["a missing parameter", { Action: "CreateRole", RoleName: "dev" }, "ValidationError"],
    ["a session of less than an hour", { ...create, MaxSessionDuration: "3599" }, "ValidationError"],
    ["a session of more than twelve hours", { ...create, MaxSessionDuration: "43201" }, "ValidationError"],
    ["a policy that is no JSON", { ...create, AssumeRolePolicyDocument: "{" }, "MalformedPolicyDocument"],
    [
      "a policy without a principal",
      { ...create, AssumeRolePolicyDocument: trust.replace("Principal", "Resource") },
      "MalformedPolicyDocument",
    ],
    ["a trust policy that is too long", { ...create, AssumeRolePolicyDocument: long(2048) }, "LimitExceeded"],
    ["an issuer without TLS", { ...provider, Url: "http://vouch.example.com" }, "InvalidInput"],
    ["an issuer with a port", { ...provider, Url: "https://vouch.example.com:8443" }, "InvalidInput"],
    ["a thumbprint that is none", { ...provider, "ThumbprintList.member.1": "x" }, "ValidationError"],
  ])("%s", async (_, parameters, code) => {
    expect(await ask(accountWith(everything), parameters)).toMatchObject({ code });
  });

  test("what nobody has signed", async () => {
    const account = accountWith(everything);
    expect(await ask(account, create, false)).toMatchObject({ status: 403, code: "MissingAuthenticationToken" });
    expect(account.roles).toHaveLength(1);
  });

  test("a parameter that it does not know, as an error of the test", () => {
    expect(ask(accountWith(everything), { ...create, Tags: "x" })).rejects.toThrow("does not know the parameters Tags");
  });
});
