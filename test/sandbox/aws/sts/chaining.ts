/**
 * AssumeRole with the credentials of a role (role chaining): the role's trust policy must allow them, and so must the
 * caller's own policy, except where a trust policy of the same account names the caller's role itself.
 */
import type { Account, IssuedCredentials } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import type { ContextValues } from "../../iam/context.ts";
import { evaluate } from "../../iam/evaluate.ts";
import { issue } from "./credentials.ts";
import type { Elements } from "./elements.ts";
import { roleParameters } from "./parameters.ts";
import { callerContext, sessionArn, tagContext } from "./session/session.ts";
import { inheritedTags, mergeTags, type SessionTags, tagsOfRequest } from "./session/session-tags.ts";
import { sourceIdentityOfRequest } from "./session/source-identity.ts";

/** `home` is the caller's account, `account` the role's. Throws ServiceError. */
export function assumeRole(
  parameters: URLSearchParams,
  { home, caller }: { home: Account; caller: IssuedCredentials },
  account: Account,
): Elements {
  const asked = roleParameters(parameters);
  const handedOn = inheritedTags(caller.session.tags);
  const given = tagsOfRequest(parameters, handedOn);
  const sourceIdentity = sourceIdentityOfRequest(parameters, caller.session.sourceIdentity);

  const always: ContextValues = {
    ...callerContext(home, caller),
    "sts:RoleSessionName": asked.sessionName,
    "sts:ExternalId": parameters.get("ExternalId") ?? undefined,
  };
  const tagged = tagContext(given, handedOn);
  authorize("sts:AssumeRole", { ...always, ...tagged, "sts:SourceIdentity": sourceIdentity });
  // Inherited tags and an inherited source identity need the permission like new ones.
  if (given.tags.size + handedOn.tags.size > 0) authorize("sts:TagSession", { ...always, ...tagged });
  if (sourceIdentity !== undefined) {
    authorize("sts:SetSourceIdentity", { ...always, "sts:SourceIdentity": sourceIdentity });
  }
  if (asked.duration > 3600) {
    const limit = "exceeds the 1 hour session limit for roles assumed by role chaining.";
    throw new ServiceError("ValidationError", `The requested DurationSeconds ${limit}`, 400);
  }
  const tags: SessionTags = {
    tags: mergeTags(handedOn.tags, given.tags),
    transitive: [...handedOn.transitive, ...given.transitive],
  };
  return issue(account, account.role(asked.roleArn)!, asked, { tags, sourceIdentity, identity: {} });

  function authorize(action: string, context: ContextValues): void {
    const role = account.id === asked.accountId ? account.role(asked.roleArn) : undefined;
    const callerArn = sessionArn(home, caller.role, caller.sessionName);
    const itself = [`arn:${home.partition}:iam::${home.id}:role/${caller.role.name}`, callerArn];
    const trusts = (AWS: string[]) =>
      role !== undefined && evaluate(role.trustPolicy, { action, caller: { AWS }, context }) === "allowed";
    const trusted = trusts([...itself, `arn:${home.partition}:iam::${home.id}:root`, home.id]);
    const own = home.decide(caller, { action, resource: asked.roleArn, context });
    // A source identity needs both policies, within one account too.
    const needsBoth = home !== account || action === "sts:SetSourceIdentity";
    const isAllowed = own === "allowed" || (own === "implicit deny" && !needsBoth && trusts(itself));
    if (trusted && isAllowed && !account.deniedActions.has(action)) return;
    const what = `User: ${callerArn} is not authorized to perform: ${action} on resource: ${asked.roleArn}`;
    throw new ServiceError("AccessDenied", what, 403);
  }
}
