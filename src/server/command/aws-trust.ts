/** The AWS IAM documents that make a role trust this server: trust policy and permissions. */

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

/** Returns the trust policy of the developers' role: issuer `url`, these audiences, in an AWS partition. */
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

/** The permissions policy that lets the role read and publish packages. */
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
