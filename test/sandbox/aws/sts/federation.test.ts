/** AssumeRoleWithWebIdentity with session tags and a source identity from the token, and trust policies that ask for them. */
import { beforeAll, describe, expect, test } from "bun:test";
import { Account } from "../account.ts";
import { createIssuer, type Issuer } from "./issuer.ts";
import type { Statement } from "../../iam/document.ts";
import { askSts, type StsAnswer } from "./ask.ts";

const url = "https://idp.example.com/realms/main";
const name = url.replace("https://", "");
const provider = `arn:aws:iam::111122223333:oidc-provider/${name}`;
const roleArn = "arn:aws:iam::111122223333:role/dev";
let issuer: Issuer;
beforeAll(async () => {
  issuer = await createIssuer(url);
});

const tagsClaim = "https://aws.amazon.com/tags";
const tagged = (tags: Record<string, unknown>, ...transitive: string[]) => ({
  [tagsClaim]: { principal_tags: tags, transitive_tag_keys: transitive },
});
const source = (value: unknown) => ({ "https://aws.amazon.com/source_identity": value });
const all = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
const trust = (change: Partial<Statement> = {}): Statement => ({
  Effect: "Allow",
  Principal: { Federated: provider },
  Action: all,
  ...change,
});

interface Change {
  claims?: Record<string, unknown>;
  statements?: Statement[];
  parameters?: Record<string, string>;
}

async function assume({ claims = {}, statements = [trust()], parameters = {} }: Change): Promise<StsAnswer> {
  const account = new Account({
    id: "111122223333",
    oidcProviders: [{ url, clientIds: ["sts.amazonaws.com", "other-client"] }],
    roles: [
      {
        name: "dev",
        maxSessionDuration: 43200,
        trustPolicy: { Version: "2012-10-17", Statement: statements },
        permissions: [],
      },
    ],
  });
  const WebIdentityToken = await issuer.token(claims);
  const asked = {
    Action: "AssumeRoleWithWebIdentity",
    RoleArn: roleArn,
    RoleSessionName: "user-0001",
    WebIdentityToken,
  };
  return askSts({ ...asked, ...parameters }, { accounts: [account], fetch: issuer.fetch });
}

test("tags and source identity of the token become the session's, and the answer says so", async () => {
  const claims = { ...tagged({ "vouch:sub": ["user-0001"], team: ["red"] }, "vouch:sub"), ...source("user-0001") };
  const { status, body, issued } = await assume({ claims });
  expect(status).toBe(200);
  expect(body).toContain("<SourceIdentity>user-0001</SourceIdentity>");
  expect(Number(/<PackedPolicySize>(\d+)</.exec(body)?.[1])).toBeWithin(1, 101);
  expect(body).toContain(`<Provider>${provider}</Provider>`);
  expect(issued?.session).toMatchObject({ sourceIdentity: "user-0001", tags: { transitive: ["vouch:sub"] } });
  expect([...issued!.session.tags.tags]).toEqual([
    ["vouch:sub", "user-0001"],
    ["team", "red"],
  ]);
});

test("a token without either needs neither permission", async () => {
  const { status, body } = await assume({ statements: [trust({ Action: "sts:AssumeRoleWithWebIdentity" })] });
  expect(status).toBe(200);
  expect(body).not.toMatch(/SourceIdentity|PackedPolicySize/);
});

describe("the trust policy decides about", () => {
  const Condition = (operator: string, key: string, value: string | string[]) => ({ [operator]: { [key]: value } });
  const when = (operator: string, key: string, value: string | string[]) => [
    trust({ Condition: Condition(operator, key, value) }),
  ];
  const denied = (action: string) => `AccessDenied: Not authorized to perform sts:${action}`;
  const web = denied("AssumeRoleWithWebIdentity");
  const tags = tagged({ "vouch:sub": ["user-0001"], purpose: ["publish"] }, "purpose");

  test.each<[string, Change, string]>([
    [
      "tags, which it must allow",
      { claims: tags, statements: [trust({ Action: all.filter((one) => !one.includes("Tag")) })] },
      denied("TagSession"),
    ],
    [
      "a source identity, which it must allow",
      { claims: source("alice"), statements: [trust({ Action: all.slice(0, 2) })] },
      denied("SetSourceIdentity"),
    ],
    [
      "the operation before both",
      { claims: { ...tags, ...source("alice") }, statements: [trust({ Action: all.slice(1) })] },
      web,
    ],
    [
      "all of it by a wildcard",
      { claims: { ...tags, ...source("alice") }, statements: [trust({ Action: "sts:*" })] },
      "200",
    ],
    [
      "a Deny of one of them",
      { claims: tags, statements: [trust(), { Effect: "Deny", Principal: "*", Action: "sts:TagSession" }] },
      denied("TagSession"),
    ],
    [
      "the session's name by the subject",
      { statements: when("StringEquals", `${name}:sub`, "${sts:RoleSessionName}") },
      "200",
    ],
    [
      "a name that is not the subject",
      {
        statements: when("StringEquals", `${name}:sub`, "${sts:RoleSessionName}"),
        parameters: { RoleSessionName: "user-0002" },
      },
      web,
    ],
    [
      "the name by the subject, the other way round",
      { statements: when("StringEquals", "sts:RoleSessionName", `\${${name}:sub}`) },
      "200",
    ],
    [
      "a name that is not the subject, the other way round",
      {
        statements: when("StringEquals", "sts:RoleSessionName", `\${${name}:sub}`),
        parameters: { RoleSessionName: "user-0002" },
      },
      web,
    ],
    [
      "a subject that is a pattern for the name",
      { claims: { sub: "user-*" }, statements: when("StringEquals", "sts:RoleSessionName", `\${${name}:sub}`) },
      web,
    ],
    [
      "the keys of the host without its path",
      { statements: when("StringEquals", "idp.example.com:sub", "user-0001") },
      web,
    ],
    [
      "the name by a tag",
      {
        claims: tags,
        statements: [
          trust({ Condition: Condition("StringEquals", "aws:RequestTag/vouch:sub", "${sts:RoleSessionName}") }),
        ],
      },
      "200",
    ],
    [
      "a name without the tag",
      { statements: when("StringEquals", "aws:RequestTag/vouch:sub", "${sts:RoleSessionName}") },
      web,
    ],
    [
      "the name by the source identity",
      { claims: source("user-0001"), statements: when("StringEquals", "sts:SourceIdentity", "${sts:RoleSessionName}") },
      "200",
    ],
    ["a tag's value", { claims: tags, statements: when("StringEquals", "aws:RequestTag/purpose", "read") }, web],
    [
      "tags that it does not list",
      { claims: tags, statements: when("ForAllValues:StringEquals", "aws:TagKeys", ["vouch:sub"]) },
      web,
    ],
    [
      "tags that it lists",
      { claims: tags, statements: when("ForAllValues:StringEquals", "aws:TagKeys", ["vouch:sub", "purpose"]) },
      "200",
    ],
    [
      "which tags are handed on",
      { claims: tags, statements: when("ForAllValues:StringEquals", "sts:TransitiveTagKeys", ["vouch:sub"]) },
      web,
    ],
    [
      "how the person was authenticated",
      { claims: { amr: ["pop", "mfa"] }, statements: when("ForAnyValue:StringEquals", `${name}:amr`, "mfa") },
      "200",
    ],
    [
      "how they were not",
      { claims: { amr: ["pwd"] }, statements: when("ForAnyValue:StringEquals", `${name}:amr`, "mfa") },
      web,
    ],
    [
      "the authorized party, which stands for the audience",
      {
        claims: { aud: "sts.amazonaws.com", azp: "other-client" },
        statements: when("StringEquals", `${name}:aud`, "other-client"),
      },
      "200",
    ],
    [
      "the audience beside it",
      {
        claims: { aud: "sts.amazonaws.com", azp: "other-client" },
        statements: when("StringEquals", `${name}:oaud`, "sts.amazonaws.com"),
      },
      "200",
    ],
    [
      "tokens pinned to the role",
      {
        claims: { "https://aws.amazon.com/roles": [roleArn] },
        statements: when("Bool", "sts:RoleAuthorizedByIdp", "true"),
      },
      "200",
    ],
    ["tokens pinned to no role", { statements: when("Bool", "sts:RoleAuthorizedByIdp", "true") }, web],
    [
      "a principal tag, which nobody has yet",
      { claims: tags, statements: when("StringEquals", "aws:PrincipalTag/purpose", "publish") },
      web,
    ],
    ["a subject by its text", { statements: when("StringEquals", `${name}:sub`, "user-0001") }, "200"],
  ])("%s", async (_, change, expected) => {
    const { status, code, message } = await assume(change);
    expect(code === undefined ? String(status) : `${code}: ${message}`).toBe(expected);
    if (code === "AccessDenied") expect(status).toBe(403);
  });
});

describe("STS refuses", () => {
  const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, ["v"]]));
  const noise = (seed: number) =>
    Array.from({ length: 30 }, (_, i) => Bun.hash(`${seed} ${i}`).toString(36))
      .join("")
      .slice(0, 256);
  const big = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, [noise(i)]]));
  const invalid = [400, "ValidationError", "Unable to validate tags"] as const;
  const rejected = [403, "IDPRejectedClaim", "source identity"] as const;

  test.each<[string, Record<string, unknown>, number, string, string]>([
    ["51 tags", tagged(many(51)), ...invalid],
    ["a key of 129 characters", tagged({ ["k".repeat(129)]: ["v"] }), ...invalid],
    ["a value of 257 characters", tagged({ k: ["v".repeat(257)] }), ...invalid],
    ["an empty key", tagged({ "": ["v"] }), ...invalid],
    ["a key of AWS", tagged({ "AWS:k": ["v"] }), ...invalid],
    ["a key with a character that is not allowed", tagged({ "k!": ["v"] }), ...invalid],
    ["a value with a character that is not allowed", tagged({ k: ["o'brien"] }), ...invalid],
    ["two keys that differ in case", tagged({ k: ["v"], K: ["v"] }), ...invalid],
    ["a tag with two values", tagged({ k: ["v", "w"] }), ...invalid],
    ["a tag without a value", tagged({ k: [] }), ...invalid],
    ["a tag that is text", tagged({ k: "v" }), ...invalid],
    ["tags in a list", { [tagsClaim]: [{ principal_tags: { k: ["v"] } }] }, ...invalid],
    ["a transitive key without a tag", tagged({ k: ["v"] }, "l"), ...invalid],
    ["tags that are too large together", tagged(big), 400, "PackedPolicyTooLarge", "of allotted space"],
    ["a source identity of one character", source("a"), ...rejected],
    ["a source identity of 65 characters", source("a".repeat(65)), ...rejected],
    ["a source identity with a space", source("al ice"), ...rejected],
    ["a source identity that is a list", source(["alice"]), ...rejected],
    [
      "another role than the token is pinned to",
      { "https://aws.amazon.com/roles": `${roleArn}s` },
      400,
      "InvalidIdentityToken",
      "roles claim",
    ],
    ["an authorized party that is not registered", { azp: "x" }, 400, "InvalidIdentityToken", "audience"],
  ])("%s", async (_, claims, status, code, words) => {
    expect(await assume({ claims })).toMatchObject({ status, code, message: expect.stringContaining(words) });
  });

  test.each<[string, Record<string, unknown>]>([
    ["50 tags", tagged(many(50))],
    ["a key of 128 and a value of 256 characters", tagged({ ["k".repeat(128)]: ["v".repeat(256)] })],
    ["an empty value", tagged({ k: [""] })],
    ["every character that is allowed", tagged({ "kä 1_.:/=+-@": ["vä 1_.:/=+-@"] })],
    ["a transitive key in another case", tagged({ Team: ["red"] }, "team")],
    ["no tags in the claim", { [tagsClaim]: {} }],
    ["a source identity of 64 characters", source("a".repeat(64))],
  ])("but not %s", async (_, claims) => {
    const { status, message } = await assume({ claims });
    expect({ status, message }).toEqual({ status: 200, message: undefined });
  });
});
