/** What an administrator gives to AWS IAM so that it trusts this server. */

import { VouchError } from "../../base/errors.ts";

/**
 * The partitions of AWS beside the commercial one, by how the names of their regions begin (the AWS SDKs' own table,
 * `partitions.json`).
 */
const partitions: [prefix: RegExp, partition: string][] = [
  [/^cn-/, "aws-cn"],
  [/^us-gov-/, "aws-us-gov"],
  [/^us-iso-/, "aws-iso"],
  [/^us-isob-/, "aws-iso-b"],
  [/^eu-isoe-/, "aws-iso-e"],
  [/^us-isof-/, "aws-iso-f"],
  [/^eusc-/, "aws-eusc"],
];

/** The partition that a region belongs to, as ARNs spell it; `aws` without a region. Throws `usage`. */
export function partitionOf(region: string | undefined): string {
  if (region === undefined) return "aws";
  if (region.length > 63 || !/^[a-z]{2,}(-[a-z]+)+-[0-9]+$/.test(region)) {
    throw new VouchError("usage", `Expected --region with an AWS region such as us-gov-west-1, got "${region}".`);
  }
  return partitions.find(([prefix]) => prefix.test(region))?.[1] ?? "aws";
}

/** The trust policy of the role that developers assume: of this issuer, for these audiences, in an AWS partition. */
export function trustPolicy(
  url: string,
  audiences: readonly string[],
  account: string,
  partition: string,
): Record<string, unknown> {
  const { host } = new URL(url);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${host}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { StringEquals: { [`${host}:aud`]: audiences.length === 1 ? audiences[0] : audiences } },
      },
    ],
  };
}

/** The permissions that the role needs to read and to publish packages. */
export const rolePermissions = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "codeartifact:GetAuthorizationToken",
        "codeartifact:GetRepositoryEndpoint",
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
