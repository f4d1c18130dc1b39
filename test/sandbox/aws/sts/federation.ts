/**
 * AssumeRoleWithWebIdentity: the role's trust policy decides, about the operation itself, and about tags and source
 * identity where the token brings them.
 */
import type { Account } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import { type Fetch, verifyWebIdentity } from "./web-identity.ts";
import type { ContextValues } from "../../iam/context.ts";
import { evaluate } from "../../iam/evaluate.ts";
import { issue } from "./credentials.ts";
import type { Elements } from "./elements.ts";
import { constrained, roleParameters } from "./parameters.ts";
import { tagContext } from "./session/session.ts";
import { tagsOfToken } from "./session/session-tags.ts";
import { sourceIdentityOfToken } from "./session/source-identity.ts";

const operation = "sts:AssumeRoleWithWebIdentity";

/** `account` is that of the role, or the first one for a role of an unknown one. Throws ServiceError. */
export async function assumeRoleWithWebIdentity(
  parameters: URLSearchParams,
  account: Account,
  fetch: Fetch,
): Promise<Elements> {
  const asked = roleParameters(parameters);
  const token = constrained(parameters, "WebIdentityToken", /^[\s\S]{4,20000}$/, "length between 4 and 20000");
  const { provider, subject, audience, claims } = await verifyWebIdentity(token, {
    account,
    accountId: asked.accountId,
    fetch,
  });
  const isPinned = pinned(claims["https://aws.amazon.com/roles"], asked.roleArn);
  const tags = tagsOfToken(claims["https://aws.amazon.com/tags"]);
  const sourceIdentity = sourceIdentityOfToken(claims["https://aws.amazon.com/source_identity"]);

  const name = provider.url.replace("https://", "");
  const providerArn = `arn:${account.partition}:iam::${account.id}:oidc-provider/${name}`;
  const identity: ContextValues = {
    "aws:FederatedProvider": providerArn,
    [`${name}:aud`]: audience,
    [`${name}:oaud`]: [claims.aud ?? []].flat()[0],
    [`${name}:sub`]: subject,
    [`${name}:amr`]: Array.isArray(claims["amr"]) ? claims["amr"].map(String) : undefined,
  };
  const always: ContextValues = { ...identity, "sts:RoleSessionName": asked.sessionName };
  // Each action has the keys that the service authorization reference lists for it, and no others.
  const contexts: [action: string, context: ContextValues][] = [
    [
      operation,
      {
        ...always,
        ...tagContext(tags),
        "sts:SourceIdentity": sourceIdentity,
        "sts:RoleAuthorizedByIdp": String(isPinned),
      },
    ],
  ];
  if (tags.tags.size > 0) contexts.push(["sts:TagSession", { ...always, ...tagContext(tags) }]);
  if (sourceIdentity !== undefined) {
    contexts.push(["sts:SetSourceIdentity", { ...always, "sts:SourceIdentity": sourceIdentity }]);
  }
  const role = account.role(asked.roleArn);
  for (const [action, context] of contexts) {
    const isAllowed =
      role !== undefined &&
      !account.deniedActions.has(action) &&
      evaluate(role.trustPolicy, { action, caller: { Federated: [providerArn] }, context }) === "allowed";
    if (!isAllowed) throw new ServiceError("AccessDenied", `Not authorized to perform ${action}`, 403);
  }
  return {
    Audience: audience,
    ...issue(account, role!, asked, { tags, sourceIdentity, identity }),
    Provider: providerArn,
    SubjectFromWebIdentityToken: subject,
  };
}

/**
 * Whether the token's claim names the role; AWS refuses a token whose claim names others only, whatever the role trusts.
 * Seen by others on AWS, not documented there beyond the condition key `sts:RoleAuthorizedByIdp`. Throws ServiceError.
 */
function pinned(claim: unknown, roleArn: string): boolean {
  if (claim === undefined) return false;
  if ([claim].flat().includes(roleArn)) return true;
  const message = "The target role ARN is not present in the roles claim of the identity token";
  throw new ServiceError("InvalidIdentityToken", message, 400);
}
