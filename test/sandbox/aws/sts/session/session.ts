/** What a role session carries beside its role and its name, and what policies see of it in later requests. */
import type { Account, IssuedCredentials, Role } from "../../account.ts";
import type { ContextValues } from "../../../iam/context.ts";
import { mergeTags, noTags, type SessionTags } from "./session-tags.ts";

export interface SessionAttributes {
  tags: SessionTags;
  sourceIdentity: string | undefined;
  /** The condition keys of the identity provider that the session came from. */
  identity: ContextValues;
}

export const plainSession: SessionAttributes = { tags: noTags, sourceIdentity: undefined, identity: {} };

/** The ARN that CloudTrail and GetCallerIdentity have for the session. */
export function sessionArn({ partition, id }: Account, { name }: Role, sessionName: string): string {
  return `arn:${partition}:sts::${id}:assumed-role/${name}/${sessionName}`;
}

/** The keys that every request has which these credentials sign. */
export function callerContext(account: Account, { role, sessionName, session }: IssuedCredentials): ContextValues {
  const tags = mergeTags(new Map(Object.entries(role.tags ?? {})), session.tags.tags);
  return {
    ...session.identity,
    ...Object.fromEntries([...tags].map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    "aws:SourceIdentity": session.sourceIdentity,
    "aws:PrincipalArn": `arn:${account.partition}:iam::${account.id}:role/${role.name}`,
    "aws:PrincipalAccount": account.id,
    "aws:userid": `AROASANDBOXVOUCHROLE:${sessionName}`,
  };
}

/** The keys by which a request for a session names its tags. `handedOn` comes from the caller's session. */
export function tagContext({ tags, transitive }: SessionTags, handedOn: SessionTags = noTags): ContextValues {
  // Whether AWS counts inherited keys among the request's is not documented; a policy that limits them lists both.
  const keys = [...mergeTags(handedOn.tags, tags).keys()];
  return {
    ...Object.fromEntries([...tags].map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    "aws:TagKeys": keys.length === 0 ? undefined : keys,
    "sts:TransitiveTagKeys": transitive.length === 0 ? undefined : transitive,
  };
}
