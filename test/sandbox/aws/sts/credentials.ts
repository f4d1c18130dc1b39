/** The part of an answer that gives the credentials of a new role session. */
import type { Account, Role } from "../account.ts";
import { ServiceError } from "../service-error.ts";
import type { Elements } from "./elements.ts";
import { packedSize } from "./session/packed-size.ts";
import type { RoleParameters } from "./parameters.ts";
import { type SessionAttributes, sessionArn } from "./session/session.ts";

/** Throws ServiceError if the role gives none for so long, or the session's tags are too large. */
export function issue(
  account: Account,
  role: Role,
  { sessionName, duration }: RoleParameters,
  session: SessionAttributes,
): Elements {
  if (duration > role.maxSessionDuration) {
    throw new ServiceError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
      400,
    );
  }
  const size = packedSize(session.tags);
  const credentials = account.issueCredentials(role, sessionName, duration, session);
  return {
    AssumedRoleUser: {
      AssumedRoleId: `AROASANDBOXVOUCHROLE:${sessionName}`,
      Arn: sessionArn(account, role, sessionName),
    },
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: new Date(credentials.expires * 1000).toISOString().replace(".000Z", "Z"),
    },
    ...(session.sourceIdentity === undefined ? {} : { SourceIdentity: session.sourceIdentity }),
    ...(size === undefined ? {} : { PackedPolicySize: String(size) }),
  };
}
