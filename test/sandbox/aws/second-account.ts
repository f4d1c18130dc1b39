/** A second account in another region: a domain, a role that reads and one that publishes, both by way of the first account's role. */
import { Account, type Role } from "./account.ts";
import { currentVersion, type PolicyDocument, type Statement } from "../iam/document.ts";
import { tokenStatements } from "./token-statements.ts";

export const acme = {
  id: "210987654321",
  region: "eu-west-1",
  domain: "acme",
  repository: "their-repo",
  roleArn: "arn:aws:iam::210987654321:role/acme-reader",
  publishRoleArn: "arn:aws:iam::210987654321:role/acme-publisher",
  /** The host of the domain's repositories. */
  host: "acme-210987654321.d.codeartifact.eu-west-1.amazonaws.com",
  index: "sparse+https://acme-210987654321.d.codeartifact.eu-west-1.amazonaws.com/cargo/their-repo/",
} as const;

/** What the first role's own policy allows for it: its sessions have tags and a source identity. */
const chaining = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const reading = ["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"];
const publishing = ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"];

/** Trusts the role with this ARN. */
export function createSecondAccount(trusted: string): Account {
  return new Account({
    id: acme.id,
    domains: [{ name: acme.domain, region: acme.region, repositories: [acme.repository] }],
    roles: [
      roleOf("acme-reader", trusted, reading),
      roleOf("acme-publisher", trusted, [...reading, ...publishing], "publish"),
    ],
  });
}

/** Lets the first account's role assume those of the second. */
export function allowSecondAccount({ roles }: Account): void {
  const Resource = `arn:aws:iam::${acme.id}:role/*`;
  roles[0]!.permissions.push({ Effect: "Allow", Action: chaining, Resource });
}

/**
 * The trust policy of docs/accounts.md: sessions of the role under the name that their tag has, with no tag but those of
 * the Vouch server's token. For publishing only those that a touch has opened.
 */
function trustChain(AWS: string, purpose: "publish" | undefined): PolicyDocument {
  const trusted = { Effect: "Allow", Principal: { AWS } } as const;
  const own = { "sts:RoleSessionName": "${aws:PrincipalTag/vouch:sub}" };
  const demanded = purpose === undefined ? own : { ...own, "aws:PrincipalTag/vouch:purpose": purpose };
  const tags = ["vouch:sub", "vouch:key", "vouch:purpose", "vouch:aaguid"];
  return {
    Version: currentVersion,
    Statement: [
      { ...trusted, Action: "sts:AssumeRole", Condition: { StringEquals: demanded } },
      { ...trusted, Action: "sts:TagSession", Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": tags } } },
      { ...trusted, Action: "sts:SetSourceIdentity" },
    ],
  };
}

function roleOf(name: string, trusted: string, actions: string[], purpose?: "publish"): Role {
  const resource = (kind: string) => `arn:aws:codeartifact:${acme.region}:${acme.id}:${kind}/${acme.domain}`;
  const permissions: Statement[] = [
    ...tokenStatements(resource("domain")),
    { Effect: "Allow", Action: actions, Resource: [`${resource("repository")}/*`, `${resource("package")}/*`] },
  ];
  return { name, maxSessionDuration: 3600, trustPolicy: trustChain(trusted, purpose), permissions };
}
