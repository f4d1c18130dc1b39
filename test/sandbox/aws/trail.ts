/** What CloudTrail would show of a call: which role session it was, and how the call ended. */
import type { IssuedCredentials, Operation } from "./account.ts";

export interface TrailEvent {
  operation: Operation;
  status: number;
  /** Of a call that was refused. */
  errorCode?: string;
  /** The role's name: of the session that signed, or of the one that STS gave or refused. */
  role?: string;
  sessionName?: string;
  sourceIdentity?: string;
  tags: Record<string, string>;
}

/** The part of an event that says whose session it was. */
export function identityOf(
  credentials: IssuedCredentials | undefined,
): Pick<TrailEvent, "role" | "sessionName" | "sourceIdentity" | "tags"> {
  if (!credentials) return { tags: {} };
  const { role, sessionName, session } = credentials;
  const { sourceIdentity, tags } = session;
  return {
    role: role.name,
    sessionName,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    tags: Object.fromEntries(tags.tags),
  };
}
