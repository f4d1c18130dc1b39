/** The policies of docs/accounts.md and docs/server.md, in the sandbox's IAM. */
import { describe, expect, test } from "bun:test";
import { publishCondition } from "../../../../src/server/command/aws-account/aws-trust.ts";
import { blockTexts } from "../../../docs/blocks.ts";
import { parsePolicy, type PolicyDocument } from "../../iam/document.ts";
import { evaluate } from "../../iam/evaluate.ts";
import { Account, type Role } from "../account.ts";
import { createSecondAccount } from "../second-account.ts";
import { askSts } from "./ask.ts";
import { plainSession, type SessionAttributes } from "./session/session.ts";

const policiesOf = (page: string, kind: "trust" | "permissions"): PolicyDocument[] =>
  blockTexts(page, "json")
    .map((text) => JSON.parse(text) as PolicyDocument)
    .filter(({ Statement }) => Statement?.some(({ Principal }) => (Principal !== undefined) === (kind === "trust")))
    .map((document) => parsePolicy(document, kind));

const sub = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
const target = "arn:aws:iam::210987654321:role/acme-reader";

const sessionOf = (purpose: "read" | "publish"): SessionAttributes => ({
  tags: {
    tags: new Map([
      ["vouch:sub", sub],
      ["vouch:key", "a2V5"],
      ["vouch:purpose", purpose],
    ]),
    transitive: ["vouch:sub", "vouch:key", "vouch:purpose"],
  },
  sourceIdentity: sub,
  identity: {},
});

describe("the trust policy for a chain", () => {
  const [chained] = policiesOf("docs/accounts.md", "trust");

  test("is the one that the sandbox's second account has", () => {
    const [reader] = createSecondAccount("arn:aws:iam::123456789012:role/vouch-developer").roles;
    expect(chained).toEqual(reader!.trustPolicy);
  });

  const publishing = structuredClone(chained!);
  publishing.Statement[0]!.Condition!["StringEquals"]!["aws:PrincipalTag/vouch:purpose"] = "publish";

  async function assume(parameters: Record<string, string>, session = sessionOf("read"), trust = chained!) {
    const role = (name: string, policy: PolicyDocument): Role => ({
      name,
      maxSessionDuration: 3600,
      trustPolicy: policy,
      permissions: [
        { Effect: "Allow", Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], Resource: target },
      ],
    });
    const first = new Account({
      id: "123456789012",
      roles: [role("vouch-developer", trust), role("x", trust)],
    });
    const second = new Account({ id: "210987654321", roles: [role("acme-reader", trust)] });
    const caller = parameters["caller"] === "x" ? first.roles[1]! : first.roles[0]!;
    const as = first.issueCredentials(caller, sub, 3600, session);
    const asked = { Action: "AssumeRole", RoleArn: target, RoleSessionName: sub, ...parameters };
    const { code, status } = await askSts(asked, { accounts: [first, second], as });
    return code ?? String(status);
  }

  const tag = (key: string, value: string) => ({ "Tags.member.1.Key": key, "Tags.member.1.Value": value });

  test("lets a person's session in under their own name", async () => {
    expect(await assume({})).toBe("200");
    expect(await assume({}, sessionOf("publish"), publishing)).toBe("200");
  });

  interface Attempt {
    parameters?: Record<string, string>;
    session?: SessionAttributes;
    trust?: PolicyDocument;
  }

  test.each<[string, Attempt]>([
    ["under another name", { parameters: { RoleSessionName: "8a4e6c1d-22f7-4be5-8a06-3c5a7f9b0e42" } }],
    ["with a tag that the token did not bring", { parameters: tag("vouch:email", "boss@example.com") }],
    ["with a tag of another kind", { parameters: tag("role", "admin") }],
    ["by another role", { parameters: { caller: "x" } }],
    ["that the server gave no tags", { session: plainSession }],
    ["for publishing with a session for reading", { trust: publishing }],
    [
      "for publishing with a purpose that the caller asks for",
      { parameters: tag("vouch:purpose", "publish"), session: plainSession, trust: publishing },
    ],
  ])("does not let one in %s", async (_, { parameters = {}, session, trust }) => {
    expect(await assume(parameters, session, trust)).toBe("AccessDenied");
  });

  test("lets no purpose and no source identity be replaced", async () => {
    expect(await assume(tag("vouch:purpose", "publish"), sessionOf("read"), publishing)).toBe("InvalidParameterValue");
    expect(await assume({ SourceIdentity: "8a4e6c1d-22f7-4be5-8a06-3c5a7f9b0e42" })).toBe("ValidationError");
  });
});

test("what a role for publishing demands besides is what init prints, and of a caller's session the same", () => {
  const blocks = blockTexts("docs/accounts.md", "json").map((text) => JSON.parse(text) as unknown);
  expect(blocks).toContainEqual(publishCondition);
  expect(blocks).toContainEqual({ StringEquals: { "aws:PrincipalTag/vouch:purpose": "publish" } });
});

test("the Deny for somebody who has left is about that person, and about CodeArtifact", () => {
  const [leaver] = policiesOf("docs/server.md", "permissions");
  const decide = (action: string, who: string) =>
    evaluate(leaver!, { action, resource: "*", context: { "aws:SourceIdentity": who } });
  for (const action of [
    "codeartifact:GetAuthorizationToken",
    "codeartifact:ReadFromRepository",
    "sts:GetServiceBearerToken",
  ]) {
    expect([decide(action, sub), decide(action, "someone-else")]).toEqual(["explicit deny", "implicit deny"]);
  }
  expect(decide("s3:GetObject", sub)).toBe("implicit deny");
});
