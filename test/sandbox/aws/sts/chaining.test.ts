/** A chain of roles keeps transitive tags and the source identity, and what a policy says of them is what AWS would do. */
import { describe, expect, test } from "bun:test";
import { Account, type IssuedCredentials, type Role } from "../account.ts";
import type { Statement } from "../../iam/document.ts";
import { askSts, type StsAnswer } from "./ask.ts";
import { callerContext, plainSession, type SessionAttributes } from "./session/session.ts";

const caller = "arn:aws:iam::111111111111:role/caller";
const target = "arn:aws:iam::222222222222:role/target";
const sibling = "arn:aws:iam::111111111111:role/sibling";
const all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

const session: SessionAttributes = {
  tags: {
    tags: new Map([
      ["vouch:sub", "user-0001"],
      ["vouch:purpose", "read"],
      ["team", "red"],
    ]),
    transitive: ["vouch:sub", "vouch:purpose"],
  },
  sourceIdentity: "user-0001",
  identity: { "idp.example.com:sub": "user-0001" },
};

interface Change {
  session?: SessionAttributes;
  parameters?: Record<string, string>;
  trust?: Partial<Statement>;
  permissions?: Partial<Statement>;
}

interface World {
  first: Account;
  second: Account;
  as: IssuedCredentials;
  ask(this: void, parameters: Record<string, string>, as?: IssuedCredentials): Promise<StsAnswer>;
}

function world(change: Change): World {
  const role = (name: string, permissions: Statement[], tags: Record<string, string> = {}): Role => ({
    name,
    tags,
    maxSessionDuration: 3600,
    trustPolicy: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: caller }, Action: all, ...change.trust }],
    },
    permissions,
  });
  const own: Statement = { Effect: "Allow", Action: all, Resource: "*", ...change.permissions };
  const first = new Account({ id: "111111111111", roles: [role("caller", [own]), role("sibling", [])] });
  const second = new Account({ id: "222222222222", roles: [role("target", [own], { Team: "blue", rank: "1" })] });
  const as = first.issueCredentials(first.roles[0]!, "user-0001", 3600, change.session ?? session);
  const asked = { Action: "AssumeRole", RoleArn: target, RoleSessionName: "user-0001" };
  return {
    first,
    second,
    as,
    ask: (parameters, signedBy = as) =>
      askSts({ ...asked, ...parameters }, { accounts: [first, second], as: signedBy }),
  };
}

test("transitive tags and the source identity are the next session's, other tags are not, the role's own are", async () => {
  const { second, ask } = world({});
  const { status, issued, body } = await ask({});
  expect(status).toBe(200);
  expect(body).toContain("<SourceIdentity>user-0001</SourceIdentity>");
  expect(callerContext(second, issued!)).toEqual({
    "aws:PrincipalTag/Team": "blue",
    "aws:PrincipalTag/rank": "1",
    "aws:PrincipalTag/vouch:sub": "user-0001",
    "aws:PrincipalTag/vouch:purpose": "read",
    "aws:SourceIdentity": "user-0001",
    "aws:PrincipalArn": target,
    "aws:PrincipalAccount": "222222222222",
    "aws:userid": "AROASANDBOXVOUCHROLE:user-0001",
  });
});

test("they go on to a third role, and a session's tag stands before the role's own", async () => {
  const { second, ask } = world({ trust: { Principal: "*" } });
  const tags = { "Tags.member.1.Key": "RANK", "Tags.member.1.Value": "2", "TransitiveTagKeys.member.1": "rank" };
  const { issued } = await ask(tags);
  expect(callerContext(second, issued!)).toMatchObject({ "aws:PrincipalTag/RANK": "2" });
  expect(callerContext(second, issued!)).not.toHaveProperty("aws:PrincipalTag/rank");
  const third = await ask({}, issued);
  expect([...third.issued!.session.tags.tags]).toEqual([
    ["vouch:sub", "user-0001"],
    ["vouch:purpose", "read"],
    ["RANK", "2"],
  ]);
  expect(third.issued!.session.sourceIdentity).toBe("user-0001");
});

const tag = (key: string, value: string, n = 1) => ({
  [`Tags.member.${n}.Key`]: key,
  [`Tags.member.${n}.Value`]: value,
});
const tagKeys = (...keys: string[]) => ({ "ForAllValues:StringEquals": { "aws:TagKeys": keys } });
const without = (action: string) => ({ Action: all.filter((one) => one !== `sts:${action}`) });
const denied = (action: string, on = target) =>
  `AccessDenied: User: arn:aws:sts::111111111111:assumed-role/caller/user-0001 is not authorized to perform: sts:${action} on resource: ${on}`;

describe("the next role", () => {
  test.each<[string, Change, string]>([
    ["wants its trust policy to let tags in", { trust: without("TagSession") }, denied("TagSession")],
    ["wants the caller's policy to let tags in", { permissions: without("TagSession") }, denied("TagSession")],
    [
      "wants its trust policy to let the source identity in",
      { trust: without("SetSourceIdentity") },
      denied("SetSourceIdentity"),
    ],
    [
      "wants the caller's policy to let the source identity in",
      { permissions: without("SetSourceIdentity") },
      denied("SetSourceIdentity"),
    ],
    [
      "of the same account wants it of the caller's policy too",
      { permissions: without("SetSourceIdentity"), parameters: { RoleArn: sibling } },
      denied("SetSourceIdentity", sibling),
    ],
    [
      "of the same account takes its trust policy's word for tags",
      { permissions: without("TagSession"), parameters: { RoleArn: sibling } },
      "200",
    ],
    [
      "wants neither for a session without either",
      { session: plainSession, trust: { Action: "sts:AssumeRole" }, permissions: { Action: "sts:AssumeRole" } },
      "200",
    ],
    [
      "can demand a tag of the caller",
      { trust: { Condition: { StringEquals: { "aws:PrincipalTag/vouch:purpose": "read" } } } },
      "200",
    ],
    [
      "can demand a tag that the caller does not have",
      { trust: { Condition: { StringEquals: { "aws:PrincipalTag/vouch:purpose": "publish" } } } },
      denied("AssumeRole"),
    ],
    [
      "can demand the caller's source identity as the name",
      { trust: { Condition: { StringEquals: { "sts:RoleSessionName": "${aws:SourceIdentity}" } } } },
      "200",
    ],
    [
      "can refuse another name",
      {
        trust: { Condition: { StringEquals: { "sts:RoleSessionName": "${aws:SourceIdentity}" } } },
        parameters: { RoleSessionName: "user-0002" },
      },
      denied("AssumeRole"),
    ],
    [
      "can demand an external id",
      { trust: { Condition: { StringEquals: { "sts:ExternalId": "x-1" } } }, parameters: { ExternalId: "x-1" } },
      "200",
    ],
    [
      "can list the tags that it takes, which a new one is not",
      { trust: { Condition: tagKeys("vouch:sub", "vouch:purpose") }, parameters: tag("role", "admin") },
      denied("AssumeRole"),
    ],
    [
      "can list the tags that it takes, which the inherited ones are",
      { trust: { Condition: tagKeys("vouch:sub", "vouch:purpose") } },
      "200",
    ],
    ["takes a new tag without such a list", { parameters: tag("role", "admin") }, "200"],
    [
      "takes no other value for an inherited tag",
      { parameters: tag("vouch:purpose", "publish") },
      "InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    [
      "takes none in another case either",
      { parameters: tag("VOUCH:Purpose", "publish") },
      "InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    [
      "takes no other source identity",
      { parameters: { SourceIdentity: "user-0002" } },
      "ValidationError: The source identity is already set for this assume role session",
    ],
    ["takes the same source identity", { parameters: { SourceIdentity: "user-0001" } }, "200"],
    [
      "takes a new source identity where there is none",
      { session: plainSession, parameters: { SourceIdentity: "user-0002" } },
      "200",
    ],
    [
      "takes no tag twice",
      { parameters: { ...tag("a", "1"), ...tag("A", "2", 2) } },
      "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ],
    [
      "takes no transitive key without a tag",
      { parameters: { "TransitiveTagKeys.member.1": "a" } },
      "InvalidParameterValue: The specified transitive tag key must be included in the requested tags.",
    ],
  ])("%s", async (_, change, expected) => {
    const { ask } = world(change);
    const { status, code, message } = await ask(change.parameters ?? {});
    expect(code === undefined ? String(status) : `${code}: ${message}`).toBe(expected);
  });

  test.each([
    ["51 tags", Object.assign({}, ...Array.from({ length: 51 }, (_, n) => tag(`k${n}`, "v", n + 1)))],
    ["a key of AWS", tag("aws:k", "v")],
    ["a value with a character that is not allowed", tag("k", "<v>")],
    ["a source identity with a colon", { SourceIdentity: "aws:x" }],
  ])("refuses %s", async (_, parameters) => {
    const { ask } = world({ session: plainSession });
    expect(await ask(parameters as Record<string, string>)).toMatchObject({ status: 400, code: "ValidationError" });
  });
});
