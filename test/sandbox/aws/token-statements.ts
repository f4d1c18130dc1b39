/** The permissions without which no role gets a token of CodeArtifact. */
import type { Statement } from "../iam/document.ts";

/** What a role needs to get a token of the CodeArtifact domain with that ARN. */
export function tokenStatements(domain: string): Statement[] {
  return [
    { Effect: "Allow", Action: "codeartifact:GetAuthorizationToken", Resource: domain },
    {
      Effect: "Allow",
      Action: "sts:GetServiceBearerToken",
      Resource: "*",
      Condition: { StringEquals: { "sts:AWSServiceName": "codeartifact.amazonaws.com" } },
    },
  ];
}
