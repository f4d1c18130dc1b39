/**
 * The trust policy that `vouch server init` prints, in the sandbox's STS: a person's login gets the role, and nobody gets it
 * under another name, by another token, or for another purpose.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { decodeJwt } from "jose";
import { tokenSessionName } from "../../../../src/aws/sts.ts";
import { Secret } from "../../../../src/base/secret.ts";
import { permissionsPolicy, trustPolicy } from "../../../../src/server/command/aws-account/aws-trust.ts";
import type { Purpose } from "../../../../src/base/purpose.ts";
import { Account, type Role } from "../../../sandbox/aws/account.ts";
import { askSts, type StsAnswer } from "../../../sandbox/aws/sts/ask.ts";
import { createIssuer, type Issuer } from "../../../sandbox/aws/sts/issuer.ts";
import { callerContext } from "../../../sandbox/aws/sts/session/session.ts";
import type { Fetch } from "../../../sandbox/aws/sts/web-identity.ts";
import { parsePolicy, type PolicyDocument, type Statement } from "../../../sandbox/iam/document.ts";
import { holder, newPerson, type Person, publishing as approved } from "../../person.ts";
import { origin, startTestServer, type TestServer } from "../../test-server.ts";

const id = "123456789012";
const isolated = ["aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];
const partitions = ["aws", "aws-cn", "aws-us-gov", "aws-eusc", ...isolated];

/** An account whose roles `dev` and `publisher` have the printed policies. */
function accountIn(partition: string, audiences = ["sts.amazonaws.com"], sessionName?: "email"): Account {
  const policy = (purpose: Purpose): PolicyDocument =>
    parsePolicy(
      JSON.parse(JSON.stringify(trustPolicy({ url: origin, audiences, account: id, partition, purpose, sessionName }))),
      "trust",
    );
  const permissions = parsePolicy(JSON.parse(JSON.stringify(permissionsPolicy("publish"))), "permissions").Statement;
  const role = (name: string, trust: PolicyDocument): Role => ({
    name,
    maxSessionDuration: 43_200,
    trustPolicy: trust,
    permissions: structuredClone(permissions),
  });
  return new Account({
    id,
    partition,
    oidcProviders: [{ url: origin, clientIds: ["sts.amazonaws.com", "other-client"] }],
    roles: [role("dev", policy("read")), role("publisher", policy("publish"))],
  });
}

interface Asked {
  token: string;
  sessionName: string;
  role?: string;
  fetch: Fetch;
}

async function assume(account: Account, { token, sessionName, role = "dev", fetch }: Asked): Promise<StsAnswer> {
  const asked = {
    Action: "AssumeRoleWithWebIdentity",
    RoleArn: `arn:${account.partition}:iam::${id}:role/${role}`,
    RoleSessionName: sessionName,
    WebIdentityToken: token,
  };
  return askSts(asked, { accounts: [account], fetch });
}

describe("with the tokens of the server", () => {
  let server: TestServer;
  let person: Person;
  let fetch: Fetch;
  let plain: string;
  let publishing: string;
  let subject: string;

  beforeAll(async () => {
    server = await startTestServer();
    person = await newPerson(server);
    fetch = async (url) => Response.json((await server.send(new URL(url).pathname)).body);
    plain = (await server.exchange(person.accessToken, person.dpop)).body.access_token;
    const begun = (await server.inSession(person, "POST", "/v1/publish/options", {})).body;
    const options = begun.approval as PublicKeyCredentialRequestOptionsJSON;
    const approval = person.key.authenticate(options, origin, { userVerified: false }, approved);
    publishing = (await server.inSession(person, "POST", "/v1/publish", { ceremony: begun.ceremony, approval, holder }))
      .body.idToken;
    subject = JSON.parse(Buffer.from(plain.split(".")[1]!, "base64url").toString()).sub;
  });
  afterAll(() => server.stop());

  const at = (account: Account): Account => {
    account.clockOffsetMs = server.now() * 1000 - Date.now();
    return account;
  };

  test.each(partitions)(
    "a login gets the role in %s, and AWS sees the person, the key and the purpose",
    async (partition) => {
      const account = at(accountIn(partition));
      const { status, issued, message } = await assume(account, { token: plain, sessionName: subject, fetch });
      expect({ status, message }).toEqual({ status: 200, message: undefined });
      expect(callerContext(account, issued!)).toMatchObject({
        "aws:SourceIdentity": subject,
        "aws:PrincipalTag/vouch:sub": subject,
        "aws:PrincipalTag/vouch:key": person.key.id,
        "aws:PrincipalTag/vouch:purpose": "read",
      });
      expect(JSON.stringify(callerContext(account, issued!))).not.toContain("@");
    },
  );

  test("a touch gets the role for publishing, a login alone does not", async () => {
    const account = at(accountIn("aws"));
    const asked = { sessionName: subject, role: "publisher", fetch };
    expect((await assume(account, { ...asked, token: publishing })).status).toBe(200);
    expect(await assume(account, { ...asked, token: plain })).toMatchObject({ code: "AccessDenied" });
  });

  test.each<[string, (subject: string) => string]>([
    ["their address", () => "dev@example.com"],
    ["another id", () => "00000000-0000-4000-8000-000000000000"],
    ["the id and more", (own) => `${own}x`],
  ])("neither is had under %s as the name", async (_, nameOf) => {
    const account = at(accountIn("aws"));
    for (const token of [plain, publishing]) {
      const answer = await assume(account, { token, sessionName: nameOf(subject), fetch });
      expect(answer).toMatchObject({ status: 403, code: "AccessDenied" });
    }
  });

  describe("a person who has left is cut off from what the role's credentials do", () => {
    const leaver = (key: string): Statement => ({
      Effect: "Deny",
      Action: ["codeartifact:*", "sts:GetServiceBearerToken"],
      Resource: "*",
      Condition: { StringEquals: { [key]: subject } },
    });

    test.each(["aws:SourceIdentity", "aws:PrincipalTag/vouch:sub"])("by a Deny on %s", async (key) => {
      const account = at(accountIn("aws"));
      const { issued } = await assume(account, { token: plain, sessionName: subject, fetch });
      const other = account.issueCredentials(account.roles[0]!, "someone-else", 900);
      const resource = "arn:aws:codeartifact:us-east-1:123456789012:domain/my-domain";
      const request = { action: "codeartifact:GetAuthorizationToken", resource };
      expect([account.decide(issued!, request), account.decide(other, request)]).toEqual(["allowed", "allowed"]);
      account.roles[0]!.permissions.push(leaver(key));
      expect([account.decide(issued!, request), account.decide(other, request)]).toEqual(["explicit deny", "allowed"]);
    });
  });
});

describe("with sessions named by the address", () => {
  test.each<[string, (sub: string) => string]>([
    ["dev@example.com", () => "dev@example.com"],
    ["o'brien@example.com", (sub) => sub],
    [`${"a".repeat(60)}@example.com`, (sub) => sub],
  ])("%s has a name of their own at AWS, and nobody has the role under another", async (email, nameOf) => {
    const server = await startTestServer({ sessionName: "email" });
    try {
      const person = await newPerson(server, {}, email);
      const fetch: Fetch = async (url) => Response.json((await server.send(new URL(url).pathname)).body);
      const token = (await server.exchange(person.accessToken, person.dpop)).body.access_token;
      const sub = decodeJwt(token).sub!;
      const sessionName = nameOf(sub);
      const account = accountIn("aws", undefined, "email");
      account.clockOffsetMs = server.now() * 1000 - Date.now();
      expect(tokenSessionName(new Secret(token), "somebody@example.com")).toBe(sessionName);
      const { status, issued } = await assume(account, { token, sessionName, fetch });
      expect(status).toBe(200);
      expect(callerContext(account, issued!)).toMatchObject({
        "aws:SourceIdentity": sub,
        "aws:PrincipalTag/vouch:sub": sub,
        "aws:PrincipalTag/vouch:session-name": sessionName,
      });
      for (const other of [
        "ceo@example.com",
        `${sessionName}x`,
        ...(sessionName === sub ? ["o-brien@example.com"] : [sub]),
      ]) {
        const answer = await assume(account, { token, sessionName: other, fetch });
        expect(answer).toMatchObject({ status: 403, code: "AccessDenied" });
      }
    } finally {
      await server.stop();
    }
  });

  test("a token without the name's tag gets nothing", async () => {
    const issuer = await createIssuer(origin);
    const sub = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
    const tags = { "vouch:sub": [sub], "vouch:key": ["a2V5"], "vouch:purpose": ["read"] };
    for (const principal_tags of [tags, { ...tags, "vouch:session-name": ["dev@example.com"] }]) {
      const token = await issuer.token({
        sub,
        "https://aws.amazon.com/tags": { principal_tags, transitive_tag_keys: Object.keys(principal_tags) },
        "https://aws.amazon.com/source_identity": sub,
      });
      const account = accountIn("aws", undefined, "email");
      const { status } = await assume(account, { token, sessionName: "dev@example.com", fetch: issuer.fetch });
      expect(status).toBe("vouch:session-name" in principal_tags ? 200 : 403);
    }
  });
});

describe("of what a token could say and a client ask", () => {
  let issuer: Issuer;
  let stranger: Issuer;
  beforeAll(async () => {
    issuer = await createIssuer(origin);
    stranger = await createIssuer("https://evil.example");
  });

  const subject = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
  const colleague = "8a4e6c1d-22f7-4be5-8a06-3c5a7f9b0e42";
  const tagsOf = (tags: Record<string, string>) => ({
    "https://aws.amazon.com/tags": {
      principal_tags: Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]])),
      transitive_tag_keys: Object.keys(tags),
    },
  });
  const source = (name?: string) => ({ "https://aws.amazon.com/source_identity": name });
  const honest = {
    sub: subject,
    ...tagsOf({ "vouch:sub": subject, "vouch:key": "a2V5", "vouch:purpose": "read" }),
    ...source(subject),
  };

  interface Attempt {
    claims?: Record<string, unknown>;
    sessionName?: string;
    role?: string;
    /** Tokens of another issuer. */
    isForeign?: boolean;
    change?: (account: Account) => unknown;
  }

  async function attempt({ claims, sessionName = subject, role = "dev", isForeign = false, change }: Attempt) {
    const account = accountIn("aws");
    change?.(account);
    const by = isForeign ? stranger : issuer;
    const { status, code } = await assume(account, {
      token: await by.token({ ...honest, ...claims }),
      sessionName,
      role,
      fetch: by.fetch,
    });
    return code ?? String(status);
  }

  test.each<[string, Attempt]>([
    ["what the server says", {}],
    ["an address beside it", { claims: tagsOf({ "vouch:sub": subject, "vouch:email": "dev@example.com" }) }],
    [
      "the purpose of publishing",
      { role: "publisher", claims: tagsOf({ "vouch:sub": subject, "vouch:purpose": "publish" }) },
    ],
    ["one audience of several", { claims: { aud: ["https://other.example", "sts.amazonaws.com"] } }],
  ])("%s gets the role", async (_, how) => expect(await attempt(how)).toBe("200"));

  test.each<[string, Attempt, string]>([
    ["a colleague's name", { sessionName: colleague }, "AccessDenied"],
    ["an e-mail address as the name", { sessionName: "boss@example.com" }, "AccessDenied"],
    ["a name in another case", { sessionName: subject.toUpperCase() }, "AccessDenied"],
    ["a name with more at its end", { sessionName: `${subject}-` }, "AccessDenied"],
    ["a name that is a pattern, which no name is", { sessionName: "*" }, "ValidationError"],
    ["a subject that is a pattern", { claims: { sub: "******" } }, "AccessDenied"],
    ["another person's subject, with the own name", { claims: { sub: colleague } }, "AccessDenied"],
    ["another person's tag", { claims: tagsOf({ "vouch:sub": colleague }) }, "AccessDenied"],
    ["another person's source identity", { claims: source(colleague) }, "AccessDenied"],
    ["no tags", { claims: { "https://aws.amazon.com/tags": undefined } }, "AccessDenied"],
    ["tags without the person's", { claims: tagsOf({ "vouch:key": "a2V5" }) }, "AccessDenied"],
    ["the tag under another name", { claims: tagsOf({ "vouch:subject": subject }) }, "AccessDenied"],
    ["no source identity", { claims: source() }, "AccessDenied"],
    ["a source identity that is none", { claims: source("o'brien") }, "IDPRejectedClaim"],
    ["an audience of the provider that the policy does not name", { claims: { aud: "other-client" } }, "AccessDenied"],
    ["an authorized party that the policy does not name", { claims: { azp: "other-client" } }, "AccessDenied"],
    ["a foreign audience", { claims: { aud: "https://other.example" } }, "InvalidIdentityToken"],
    ["a foreign issuer", { isForeign: true }, "InvalidIdentityToken"],
    [
      "a foreign issuer that the account knows for something else",
      {
        isForeign: true,
        change: ({ oidcProviders }) =>
          oidcProviders.push({ url: "https://evil.example", clientIds: ["sts.amazonaws.com"] }),
      },
      "AccessDenied",
    ],
    ["a foreign issuer under this one's name", { isForeign: true, claims: { iss: origin } }, "IDPCommunicationError"],
    ["a role that does not exist", { role: "admin" }, "AccessDenied"],
    [
      "a role that trusts somebody else",
      { role: "other", change: ({ roles }) => roles.push({ ...roles[0]!, name: "other", trustPolicy: other }) },
      "AccessDenied",
    ],
    [
      "a token that is pinned to another role",
      { claims: { "https://aws.amazon.com/roles": ["arn:aws:iam::123456789012:role/admin"] } },
      "InvalidIdentityToken",
    ],
    ["publishing with a token for reading", { role: "publisher" }, "AccessDenied"],
    ["publishing without a purpose", { role: "publisher", claims: tagsOf({ "vouch:sub": subject }) }, "AccessDenied"],
    [
      "publishing by a purpose in another case",
      { role: "publisher", claims: tagsOf({ "vouch:sub": subject, "vouch:purpose": "Publish" }) },
      "AccessDenied",
    ],
    [
      "publishing under a colleague's name",
      {
        role: "publisher",
        sessionName: colleague,
        claims: tagsOf({ "vouch:sub": subject, "vouch:purpose": "publish" }),
      },
      "AccessDenied",
    ],
    [
      "publishing by a claim that is no tag",
      { role: "publisher", claims: { "vouch:purpose": "publish" } },
      "AccessDenied",
    ],
  ])("%s is refused", async (_, how, code) => expect(await attempt(how)).toBe(code));

  const other: PolicyDocument = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::123456789012:role/x" },
        Action: "sts:AssumeRoleWithWebIdentity",
      },
    ],
  };

  test("an older role, whose policy allows the operation alone, refuses a tagged token by name of what it lacks", async () => {
    const change = ({ roles }: Account) => {
      roles[0]!.trustPolicy.Statement = roles[0]!.trustPolicy.Statement.filter(
        ({ Action }) => Action !== "sts:TagSession",
      );
    };
    const account = accountIn("aws");
    change(account);
    const token = await issuer.token(honest);
    const { message } = await assume(account, { token, sessionName: subject, fetch: issuer.fetch });
    expect(message).toBe("Not authorized to perform sts:TagSession");
  });
});
