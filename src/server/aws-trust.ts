/** What an administrator gives to AWS IAM so that it trusts this server. */

/** The trust policy of the role that developers assume: of this issuer, for these audiences. */
export function trustPolicy(url: string, audiences: readonly string[], account: string): Record<string, unknown> {
  const { host } = new URL(url);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${host}` },
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
