/** The AWS IAM documents that make a role trust this server: trust policies and permissions. */

import { VouchError } from "../../base/errors.ts";

/** AWS partitions other than the commercial one, by region prefix (from the AWS SDKs' `partitions.json`). */
const partitions: [prefix: RegExp, partition: string][] = [
  [/^cn-/, "aws-cn"],
  [/^us-gov-/, "aws-us-gov"],
  [/^us-iso-/, "aws-iso"],
  [/^us-isob-/, "aws-iso-b"],
  [/^eu-isoe-/, "aws-iso-e"],
  [/^us-isof-/, "aws-iso-f"],
  [/^eusc-/, "aws-eusc"],
];

/** Returns the partition of a region, as ARNs spell it; `aws` without a region. Throws `usage`. */
export function partitionOf(region: string | undefined): string {
  if (region === undefined) return "aws";
  if (region.length > 63 || !/^[a-z]{2,}(-[a-z]+)+-[0-9]+$/.test(region)) {
    throw new VouchError("usage", `Expected --region with an AWS region such as us-gov-west-1, got "${region}".`);
  }
  return partitions.find(([prefix]) => prefix.test(region))?.[1] ?? "aws";
}

export interface Trusted {
  /** The server's URL: the issuer. */
  url: string;
  audiences: readonly string[];
  /** The role's account, 12 digits. */
  account: string;
  partition: string;
}

/**
 * Returns the trust policy of a role. The session's source identity and tags come from the token alone; its name is the
 * client's choice, so AWS compares it with the token. AWS documents which keys each action is asked with, so each has
 * a statement of its own.
 */
export function trustPolicy({ url, audiences, account, partition }: Trusted): PolicyDocument {
  const { host } = new URL(url);
  const trusted = {
    Effect: "Allow",
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${host}` },
  };
  const audience = { [`${host}:aud`]: audiences.length === 1 ? audiences[0]! : [...audiences] };
  const sessionName = "${sts:RoleSessionName}";
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...trusted,
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            ...audience,
            [`${host}:sub`]: sessionName,
            "sts:SourceIdentity": sessionName,
            "aws:RequestTag/vouch:sub": sessionName,
          },
        },
      },
      { ...trusted, Action: "sts:TagSession", Condition: { StringEquals: audience } },
      { ...trusted, Action: "sts:SetSourceIdentity", Condition: { StringEquals: audience } },
    ],
  };
}

/** What the first statement demands besides, of a role for publishing: a token that was given for a touch. */
export const publishCondition = { "aws:RequestTag/vouch:purpose": "publish" };

interface PolicyDocument {
  Version: string;
  Statement: Record<string, unknown>[];
}

/** The permissions policy that lets the role list repositories, and read and publish packages. */
export const rolePermissions: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "codeartifact:GetAuthorizationToken",
        "codeartifact:GetRepositoryEndpoint",
        // The names that `vouch enroll` lets people choose from.
        "codeartifact:ListDomains",
        "codeartifact:ListRepositoriesInDomain",
        "codeartifact:ReadFromRepository",
        "codeartifact:PublishPackageVersion",
        "codeartifact:PutPackageMetadata",
      ],
      Resource: "*",
    },
    {
      Effect: "Allow",
      Action: "sts:GetServiceBearerToken",
      Resource: "*",
      Condition: { StringEquals: { "sts:AWSServiceName": "codeartifact.amazonaws.com" } },
    },
  ],
};
