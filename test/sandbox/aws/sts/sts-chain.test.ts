/** The sandbox's AssumeRole is as strict as AWS's: who may assume, under which name, for how long. */
import { describe, expect, test } from "bun:test";
import { signRequest } from "../../../../src/aws/sigv4.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { currentVersion, type PolicyDocument, type Statement } from "../../iam/document.ts";
import { Account, type Role } from "../account.ts";
import { handleSts } from "./sts.ts";

const caller = "arn:aws:iam::111111111111:role/caller";
const target = "arn:aws:iam::222222222222:role/target";
const sibling = "arn:aws:iam::111111111111:role/sibling";

const trusts = (...AWS: string[]): PolicyDocument => ({
  Version: currentVersion,
  Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole" }],
});
const allow = (Effect: "Allow" | "Deny", Resource: string): Statement => ({
  Effect,
  Action: "sts:AssumeRole",
  Resource,
});
const role = (name: string, trustPolicy: PolicyDocument, permissions: Statement[] = []): Role => ({
  name,
  maxSessionDuration: 3600,
  trustPolicy,
  permissions,
});

interface Change {
  parameters?: Record<string, string>;
  trust?: PolicyDocument;
  permissions?: Statement[];
  key?: "wrong" | "none";
}

async function ask({ parameters, trust = trusts(caller), permissions = [allow("Allow", "*")], key }: Change) {
  const first = new Account({
    id: "111111111111",
    roles: [
      role("caller", trusts(), permissions),
      role("sibling", trusts(caller)),
      role("open", trusts("111111111111")),
    ],
  });
  const second = new Account({ id: "222222222222", roles: [role("target", trust)] });
  const issued = first.issueCredentials(first.roles[0]!, "dev@example.com", 3600);
  const body = new URLSearchParams({
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: target,
    RoleSessionName: "dev@example.com",
    ...parameters,
  }).toString();
  const signed = await signRequest(
    {
      method: "POST",
      endpoint: "https://sts.us-east-1.amazonaws.com",
      path: "/",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body,
    },
    {
      service: "sts",
      region: "us-east-1",
      date: new Date(),
      credentials: {
        accessKeyId: issued.accessKeyId,
        secretAccessKey: new Secret(key === "wrong" ? "x" : issued.secretAccessKey),
        sessionToken: new Secret(issued.sessionToken),
      },
    },
  );
  const { authorization = "", ...others } = signed.headers;
  const headers = key === "none" ? others : { ...others, authorization };
  const fetch = async () => new Response(null, { status: 404 });
  const request = new Request(signed.url, {
    method: "POST",
    headers: { ...headers, host: "sts.us-east-1.amazonaws.com" },
    body,
  });
  const response = await handleSts(request, { account: first, others: [second], region: "us-east-1", fetch });
  const text = await response.text();
  return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], text };
}

describe("a role is assumed", () => {
  test.each<[string, Change]>([
    ["by the ARN of the caller's role", {}],
    ["by that of its session", { trust: trusts("arn:aws:sts::111111111111:assumed-role/caller/dev@example.com") }],
    ["by that of its account", { trust: trusts("arn:aws:iam::111111111111:root") }],
    ["by one name of several", { trust: trusts("333333333333", "111111111111") }],
    ["for the longest time", { parameters: { DurationSeconds: "3600" } }],
    ["in the same account, by its trust policy alone", { parameters: { RoleArn: sibling }, permissions: [] }],
  ])("%s", async (_, change) => {
    const { status, text } = await ask(change);
    expect({ status, text }).toEqual({ status: 200, text: expect.stringContaining("<AssumeRoleResult>") });
  });
});

describe("a role is refused", () => {
  test.each<[string, Change, number, string]>([
    ["whose trust policy names another role", { trust: trusts(`${caller}s`) }, 403, "AccessDenied"],
    ["whose trust policy names nobody", { trust: trusts() }, 403, "AccessDenied"],
    ["that the caller's policy does not allow", { permissions: [] }, 403, "AccessDenied"],
    [
      "that the caller's policy allows for another",
      { permissions: [allow("Allow", `${target}s`)] },
      403,
      "AccessDenied",
    ],
    [
      "that the caller's policy denies",
      { permissions: [allow("Allow", "*"), allow("Deny", target)] },
      403,
      "AccessDenied",
    ],
    [
      "of the same account that trusts the account only",
      { parameters: { RoleArn: sibling.replace("sibling", "open") }, permissions: [] },
      403,
      "AccessDenied",
    ],
    ["that does not exist", { parameters: { RoleArn: `${target}s` } }, 403, "AccessDenied"],
    [
      "of an account that does not exist",
      { parameters: { RoleArn: target.replace("222222222222", "333333333333") } },
      403,
      "AccessDenied",
    ],
    ["for more than an hour", { parameters: { DurationSeconds: "3601" } }, 400, "ValidationError"],
    ["for less than a quarter of one", { parameters: { DurationSeconds: "899" } }, 400, "ValidationError"],
    ["under a name with a space", { parameters: { RoleSessionName: "dev example" } }, 400, "ValidationError"],
    ["under a name of one character", { parameters: { RoleSessionName: "x" } }, 400, "ValidationError"],
    ["with another key", { key: "wrong" }, 403, "SignatureDoesNotMatch"],
    ["without a signature", { key: "none" }, 403, "MissingAuthenticationToken"],
  ])("%s", async (_, change, status, code) => {
    expect(await ask(change)).toMatchObject({ status, code });
  });
});
