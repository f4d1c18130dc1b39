/** What AWS has issued to a person already, and how to end it at once. */

/**
 * Says how long it stays good, and prints the statement that denies it, in one line where no session ended just now;
 * `userId` is the person's id, which AWS has as the source identity of their role sessions.
 */
export function describeIssuedAccess(userId: string, ended: number): string {
  if (ended === 0) {
    return `If they had a session within the last eight hours, what AWS issued in it stays good until it ends: deny
aws:SourceIdentity ${userId} in the permissions policy of each role then.`;
  }
  const statement = {
    Effect: "Deny",
    Action: ["codeartifact:*", "sts:GetServiceBearerToken"],
    Resource: "*",
    Condition: { StringEquals: { "aws:SourceIdentity": userId } },
  };
  return `What AWS has issued to them stays good until it ends, eight hours after the login at most. To end it at once,
add this statement to the permissions policy of each role that they may take:

${JSON.stringify(statement, null, 2).replaceAll(/^/gm, "   ")}`;
}
