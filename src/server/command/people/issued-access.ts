/** What AWS has issued to a person already, and how to end it at once. */

/**
 * Says how long it stays good, and prints the statement that denies it; `userId` is the person's id, which AWS has as the
 * source identity of their role sessions.
 */
export function describeIssuedAccess(userId: string): string {
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
