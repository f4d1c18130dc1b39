/** Whole policies: who, what, on what, and which statement wins; and what IAM does not take. */
import { describe, expect, test } from "bun:test";
import { MalformedPolicyDocument, parsePolicy, type PolicyDocument, type Statement } from "./document.ts";
import { type AccessRequest, type Decision, evaluate } from "./evaluate.ts";

const role = "arn:aws:iam::111122223333:role/dev";
const provider = "arn:aws:iam::111122223333:oidc-provider/idp.example.com";
const allow = (statement: Omit<Statement, "Effect">): Statement => ({ Effect: "Allow", ...statement });
const deny = (statement: Omit<Statement, "Effect">): Statement => ({ Effect: "Deny", ...statement });
const policy = (...Statement: Statement[]): PolicyDocument => ({ Version: "2012-10-17", Statement });

type Row = [title: string, statements: Statement[], request: AccessRequest, decision: Decision];

describe("a request", () => {
  const asRole = { AWS: [role, "111122223333", "arn:aws:iam::111122223333:root"] };
  const asToken = { Federated: [provider] };
  const assume = "sts:AssumeRole";
  const web = "sts:AssumeRoleWithWebIdentity";
  test.each<Row>([
    ["that no statement names is denied", [], { action: assume }, "implicit deny"],
    ["is allowed", [allow({ Action: assume })], { action: assume }, "allowed"],
    ["is allowed whatever the action's case", [allow({ Action: "STS:assumerole" })], { action: assume }, "allowed"],
    ["is allowed by a wildcard", [allow({ Action: "sts:Assume*" })], { action: assume }, "allowed"],
    [
      "is allowed by a wildcard for one character",
      [allow({ Action: "sts:AssumeRol?" })],
      { action: assume },
      "allowed",
    ],
    ["is allowed by all actions", [allow({ Action: "*" })], { action: assume }, "allowed"],
    [
      "is allowed by one action of several",
      [allow({ Action: ["sts:TagSession", assume] })],
      { action: assume },
      "allowed",
    ],
    ["of a longer name is another one", [allow({ Action: assume })], { action: web }, "implicit deny"],
    [
      "is denied by a Deny before an Allow",
      [deny({ Action: "sts:*" }), allow({ Action: assume })],
      { action: assume },
      "explicit deny",
    ],
    [
      "is denied by a Deny after an Allow",
      [allow({ Action: assume }), deny({ Action: "sts:*" })],
      { action: assume },
      "explicit deny",
    ],
    [
      "is not denied by a Deny for another",
      [allow({ Action: assume }), deny({ Action: web })],
      { action: assume },
      "allowed",
    ],
    [
      "is allowed on its resource",
      [allow({ Action: "*", Resource: `${role}*` })],
      { action: assume, resource: `${role}s` },
      "allowed",
    ],
    [
      "is not allowed on another resource",
      [allow({ Action: "*", Resource: role })],
      { action: assume, resource: `${role}s` },
      "implicit deny",
    ],
    [
      "is allowed on a resource by a variable",
      [allow({ Action: "*", Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team}/*" })],
      { action: "s3:GetObject", resource: "arn:aws:s3:::b/red/1", context: { "aws:PrincipalTag/team": "red" } },
      "allowed",
    ],
    [
      "is not allowed on a resource by a variable without a value",
      [allow({ Action: "*", Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team}*" })],
      { action: "s3:GetObject", resource: "arn:aws:s3:::b/red/1" },
      "implicit deny",
    ],
    [
      "of a named role",
      [allow({ Principal: { AWS: role }, Action: assume })],
      { action: assume, caller: asRole },
      "allowed",
    ],
    [
      "of a named account",
      [allow({ Principal: { AWS: "111122223333" }, Action: assume })],
      { action: assume, caller: asRole },
      "allowed",
    ],
    [
      "of one of several",
      [allow({ Principal: { AWS: ["x", role] }, Action: assume })],
      { action: assume, caller: asRole },
      "allowed",
    ],
    [
      "of another role",
      [allow({ Principal: { AWS: `${role}s` }, Action: assume })],
      { action: assume, caller: asRole },
      "implicit deny",
    ],
    [
      "of a role by a wildcard in its ARN",
      [allow({ Principal: { AWS: `${role.slice(0, -1)}*` }, Action: assume })],
      { action: assume, caller: asRole },
      "implicit deny",
    ],
    ["of anyone", [allow({ Principal: "*", Action: assume })], { action: assume, caller: asRole }, "allowed"],
    [
      "of anyone of AWS",
      [allow({ Principal: { AWS: "*" }, Action: assume })],
      { action: assume, caller: asRole },
      "allowed",
    ],
    [
      "of a token of the provider",
      [allow({ Principal: { Federated: provider }, Action: web })],
      { action: web, caller: asToken },
      "allowed",
    ],
    [
      "of a token of a provider with a path",
      [allow({ Principal: { Federated: `${provider}/realms/main` }, Action: web })],
      { action: web, caller: asToken },
      "implicit deny",
    ],
    [
      "of a token where a role is named",
      [allow({ Principal: { AWS: provider }, Action: web })],
      { action: web, caller: asToken },
      "implicit deny",
    ],
    [
      "of a role where a provider is named",
      [allow({ Principal: { Federated: role }, Action: assume })],
      { action: assume, caller: asRole },
      "implicit deny",
    ],
  ])("%s", (_, statements, request, decision) => {
    expect(evaluate(policy(...statements), request)).toBe(decision);
  });
});

describe("IAM does not take a trust policy", () => {
  const good = { Effect: "Allow", Principal: { Federated: provider }, Action: "sts:AssumeRoleWithWebIdentity" };
  const trust = (change: object, document: object = {}) => ({
    Version: "2012-10-17",
    Statement: [{ ...good, ...change }],
    ...document,
  });

  test("unless it is one", () => {
    expect(parsePolicy(trust({}), "trust").Statement).toHaveLength(1);
    expect(
      parsePolicy(trust({ Condition: { "ForAllValues:StringLikeIfExists": { "aws:TagKeys": "*" } } }), "trust"),
    ).toBeDefined();
  });

  test.each<[string, unknown]>([
    ["of a version that does not exist", trust({}, { Version: "2012-10-18" })],
    ["without statements", trust({}, { Statement: [] })],
    ["with an effect that does not exist", trust({ Effect: "allow" })],
    ["without a principal", trust({ Principal: undefined })],
    ["with a principal of an unknown kind", trust({ Principal: { Web: "x" } })],
    ["with a resource", trust({ Resource: "*" })],
    ["with an action of another service", trust({ Action: "s3:GetObject" })],
    ["with an action without a service", trust({ Action: "AssumeRole" })],
    ["with an element that is misspelt", trust({ Conditions: {} })],
    ["with what the sandbox does not know", trust({ NotAction: "sts:*" })],
    ["with an operator that is misspelt", trust({ Condition: { StringEqual: { a: "b" } } })],
    ["with Null and IfExists", trust({ Condition: { NullIfExists: { a: "true" } } })],
    ["with a value that is no text", trust({ Condition: { Bool: { a: { b: "true" } } } })],
    ["that is no object", "trust"],
  ])("%s", (_, json) => expect(() => parsePolicy(json, "trust")).toThrow(MalformedPolicyDocument));

  test("nor permissions with a principal or without a resource", () => {
    const permissions = (change: object) => ({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "sts:*", ...change }],
    });
    expect(parsePolicy(permissions({ Resource: "*" }), "permissions")).toBeDefined();
    for (const change of [{}, { Resource: "*", Principal: "*" }]) {
      expect(() => parsePolicy(permissions(change), "permissions")).toThrow(MalformedPolicyDocument);
    }
  });
});
