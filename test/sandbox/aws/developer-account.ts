/** The account that the sandbox, the demo and the tests share: one OIDC provider, one role, one domain. */
import { currentVersion, type PolicyDocument } from "../iam/document.ts";
import { Account } from "./account.ts";
import { tokenStatements } from "./token-statements.ts";

export interface DeveloperAccountOptions {
  /** The Vouch server's URL. */
  issuer?: string;
  audience?: string;
  repositories?: string[];
  maxSessionDuration?: number;
}

/** The role's ARN is arn:aws:iam::123456789012:role/vouch-developer; its permissions are what aws documents for CodeArtifact. */
export function createDeveloperAccount(options: DeveloperAccountOptions = {}): Account {
  const { issuer = "https://vouch.example.com", audience = "sts.amazonaws.com", repositories = ["my-repo"] } = options;
  const id = "123456789012";
  const issuerName = issuer.replace("https://", "");
  return new Account({
    id,
    oidcProviders: [{ url: issuer, clientIds: [audience] }],
    domains: [{ name: "my-domain", region: "us-east-1", repositories }],
    roles: [
      {
        name: "vouch-developer",
        maxSessionDuration: options.maxSessionDuration ?? 43200,
        trustPolicy: trustIssuer(id, issuerName, audience),
        permissions: [
          ...tokenStatements(`arn:aws:codeartifact:us-east-1:${id}:domain/my-domain`),
          { Effect: "Allow", Action: "codeartifact:ListDomains", Resource: "*" },
          {
            Effect: "Allow",
            Action: "codeartifact:ListRepositoriesInDomain",
            Resource: `arn:aws:codeartifact:us-east-1:${id}:domain/*`,
          },
          {
            Effect: "Allow",
            Action: [
              "codeartifact:GetRepositoryEndpoint",
              "codeartifact:ReadFromRepository",
              "codeartifact:PublishPackageVersion",
              "codeartifact:PutPackageMetadata",
            ],
            Resource: [
              `arn:aws:codeartifact:us-east-1:${id}:repository/my-domain/*`,
              `arn:aws:codeartifact:us-east-1:${id}:package/my-domain/*`,
            ],
          },
        ],
      },
    ],
  });
}

/** Trusts every token of the issuer for this audience, with the tags and the source identity that it brings. */
function trustIssuer(account: string, issuerName: string, audience: string): PolicyDocument {
  return {
    Version: currentVersion,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${issuerName}` },
        Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: {
          StringEquals: { [`${issuerName}:aud`]: audience },
          StringLike: { [`${issuerName}:sub`]: "*" },
        },
      },
    ],
  };
}
