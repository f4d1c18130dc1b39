/** What AWS must decide about roles with the printed policies: who gets them, and what their credentials do. */
import { beforeAll, describe, expect, test } from "bun:test";
import type { Account } from "../../../sandbox/aws/account.ts";
import { askSts } from "../../../sandbox/aws/sts/ask.ts";
import { createIssuer, type Issuer } from "../../../sandbox/aws/sts/issuer.ts";
import { issuerUrl } from "./printed.ts";

const subject = "3f1c7a52-5b0e-4d0c-9a53-0d9d8b6f2a11";
const colleague = "8a4e6c1d-22f7-4be5-8a06-3c5a7f9b0e42";

const tagged = (tags: Record<string, string>) => ({
  "https://aws.amazon.com/tags": {
    principal_tags: Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]])),
    transitive_tag_keys: Object.keys(tags),
  },
});
const tags = (purpose: string, sub = subject) =>
  tagged({ "vouch:sub": sub, "vouch:key": "a2V5", "vouch:purpose": purpose });
const inGroups = (names: string[], purpose = "read", value = "true") =>
  tagged({
    "vouch:sub": subject,
    "vouch:key": "a2V5",
    "vouch:purpose": purpose,
    ...Object.fromEntries(names.map((name) => [`vouch:group:${name}`, value])),
  });
const source = (name?: string) => ({ "https://aws.amazon.com/source_identity": name });

interface Attempt {
  claims?: Record<string, unknown>;
  sessionName?: string;
  role?: string;
  isForeign?: boolean;
  durationSeconds?: number;
}

const publishing = { role: "vouch-publisher", claims: tags("publish") };

const attempts: [title: string, attempt: Attempt, answer: string][] = [
  ["a token to read gets the role that reads", {}, "200"],
  ["for the whole session", { durationSeconds: 28_800 }, "200"],
  ["for no longer", { durationSeconds: 28_801 }, "ValidationError"],
  ["a token of a touch gets the role that publishes", publishing, "200"],
  ["a token to read does not get the role that publishes", { role: "vouch-publisher" }, "AccessDenied"],
  [
    "a token without a purpose does not get the role that publishes",
    { role: "vouch-publisher", claims: tagged({ "vouch:sub": subject }) },
    "AccessDenied",
  ],
  ["another audience gets no role", { claims: { aud: "other-client" } }, "InvalidIdentityToken"],
  ["another issuer gets no role", { isForeign: true }, "InvalidIdentityToken"],
  ["a colleague's name gets no role to read", { sessionName: colleague }, "AccessDenied"],
  ["a colleague's name gets no role to publish", { ...publishing, sessionName: colleague }, "AccessDenied"],
  ["another person's subject gets no role", { claims: { sub: colleague } }, "AccessDenied"],
  ["another person's tag gets no role", { claims: tags("read", colleague) }, "AccessDenied"],
  ["another person's source identity gets no role", { claims: source(colleague) }, "AccessDenied"],
  ["no source identity gets no role", { claims: source() }, "AccessDenied"],
  ["no tags get no role", { claims: { "https://aws.amazon.com/tags": undefined } }, "AccessDenied"],
  [
    "a token of a member gets the group's role to read",
    { role: "team-developer", claims: inGroups(["Team A"]) },
    "200",
  ],
  [
    "a member of two groups gets the role of the other, too",
    { role: "platform-developer", claims: inGroups(["Team A", "platform"]) },
    "200",
  ],
  ["a token of a member gets everybody's role, too", { claims: inGroups(["Team A"]) }, "200"],
  [
    "a token of a member's touch gets the group's role to publish",
    { role: "team-publisher", claims: inGroups(["Team A"], "publish") },
    "200",
  ],
  [
    "a token of a member to read does not get the group's role to publish",
    { role: "team-publisher", claims: inGroups(["Team A"]) },
    "AccessDenied",
  ],
  ["a token of nobody's group gets no role of a group", { role: "team-developer" }, "AccessDenied"],
  [
    "a token of a touch alone does not get a group's role to publish",
    { role: "team-publisher", claims: tags("publish") },
    "AccessDenied",
  ],
  [
    "a token of another group's member gets no role of the group",
    { role: "team-developer", claims: inGroups(["platform"]) },
    "AccessDenied",
  ],
  [
    "a token that denies the group gets no role of it",
    { role: "team-developer", claims: inGroups(["Team A"], "read", "false") },
    "AccessDenied",
  ],
  [
    "a colleague's name gets no role of a group",
    { role: "team-developer", claims: inGroups(["Team A"]), sessionName: colleague },
    "AccessDenied",
  ],
  ["a role that was not printed is not there", { role: "vouch-admin" }, "AccessDenied"],
];

const roleNames = [
  "vouch-developer",
  "vouch-publisher",
  "team-developer",
  "team-publisher",
  "platform-developer",
] as const;

type Permission = [role: (typeof roleNames)[number], action: string, of: string, allowed: boolean];

const domain = "us-east-1:ACCOUNT:domain/my-domain";
const repository = "us-east-1:ACCOUNT:repository/my-domain/my-repo";
const packageOf = "us-east-1:ACCOUNT:package/my-domain/my-repo/npm//my-lib";

const permissions: Permission[] = roleNames.flatMap((role): Permission[] => {
  const publishes = role.endsWith("-publisher");
  return [
    [role, "GetAuthorizationToken", domain, true],
    [role, "ListRepositoriesInDomain", domain, true],
    [role, "ListDomains", "us-east-1:ACCOUNT:domain/*", true],
    [role, "GetRepositoryEndpoint", repository, true],
    [role, "ReadFromRepository", repository, true],
    [role, "PublishPackageVersion", packageOf, publishes],
    [role, "PutPackageMetadata", packageOf, publishes],
    [role, "DeletePackageVersions", packageOf, false],
    [role, "PutRepositoryPermissionsPolicy", repository, false],
    [role, "GetAuthorizationToken", "us-east-1:ACCOUNT:domain/other", false],
    [role, "GetAuthorizationToken", "eu-west-1:ACCOUNT:domain/my-domain", false],
    [role, "ReadFromRepository", "us-east-1:ACCOUNT:repository/my-domain/other", false],
    [role, "ReadFromRepository", "us-east-1:999999999999:repository/my-domain/my-repo", false],
    [role, "PublishPackageVersion", "us-east-1:ACCOUNT:package/my-domain/my-repo-2/npm//my-lib", false],
  ];
});

/** Tests of the account that `of` gives: the policies of `printed` in printed.ts. */
export function decidesAsDocumented(of: () => Account): void {
  let issuer: Issuer;
  let stranger: Issuer;
  beforeAll(async () => {
    issuer = await createIssuer(issuerUrl);
    stranger = await createIssuer("https://evil.example");
  });

  test.each(attempts)("%s", async (_, how, answer) => {
    const { claims, sessionName = subject, role = "vouch-developer", isForeign = false, durationSeconds = 3600 } = how;
    const by = isForeign ? stranger : issuer;
    const account = of();
    const { status, code } = await askSts(
      {
        Action: "AssumeRoleWithWebIdentity",
        RoleArn: `arn:${account.partition}:iam::${account.id}:role/${role}`,
        RoleSessionName: sessionName,
        DurationSeconds: String(durationSeconds),
        WebIdentityToken: await by.token({ sub: subject, ...tags("read"), ...source(subject), ...claims }),
      },
      { accounts: [account], fetch: by.fetch },
    );
    expect(code ?? String(status)).toBe(answer);
  });

  describe("of the roles", () => {
    test.each(permissions)("%s: codeartifact:%s on %s is allowed: %p", (name, action, resource, allowed) => {
      const { partition, id, roles } = of();
      const arn = `arn:${partition}:codeartifact:${resource.replace("ACCOUNT", id)}`;
      const role = roles.find((each) => each.name === name)!;
      expect(of().allowed(role, `codeartifact:${action}`, arn)).toBe(allowed);
    });

    test.each(roleNames)("%s has bearer tokens of CodeArtifact alone", (name) => {
      const account = of();
      const credentials = account.issueCredentials(
        account.roles.find((each) => each.name === name)!,
        subject,
        900,
      );
      const decide = (service: string) =>
        account.decide(credentials, {
          action: "sts:GetServiceBearerToken",
          resource: `arn:${account.partition}:sts::${account.id}:*`,
          context: { "sts:AWSServiceName": service },
        });
      expect(decide("codeartifact.amazonaws.com")).toBe("allowed");
      expect(decide("ecr-public.amazonaws.com")).toBe("implicit deny");
    });
  });
}
