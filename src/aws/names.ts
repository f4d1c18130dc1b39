/** The form of CodeArtifact's and AWS's names (service model 2018-09-22), whole texts. */

/** 2 to 50 characters. */
export const domainPattern = /^[a-z][a-z0-9-]{0,48}[a-z0-9]$/;
export const accountPattern = /^[0-9]{12}$/;
export const repositoryPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/;
/** A region becomes part of a host name: a label of at most 63 characters. */
export const regionPattern = /^(?=.{1,63}$)[a-z]{2,}(-[a-z]+)+-[0-9]+$/;
/** `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME` (IAM identifiers): partition, account and name are groups 1 to 3. */
export const roleArnPattern =
  /^arn:(aws(?:-[a-z]+)*):iam::([0-9]{12}):role\/(?:[\u0021-\u007e]{1,510}\/)?([\w+=,.@-]{1,64})$/;

/** The claim of an ID token that STS reads session tags from. */
export const tagsClaim = "https://aws.amazon.com/tags";
/** The tag with the session's name, where that is not the token's subject. */
export const sessionNameTag = "vouch:session-name";
/** A RoleSessionName of STS. */
export const sessionNamePattern = /^[\w+=,.@-]{2,64}$/;

/** A role session name from an e-mail address: characters that STS rejects become `-`, truncated to 64 characters. */
export function roleSessionName(email: string): string {
  return email
    .replace(/[^\w+=,.@-]/g, "-")
    .slice(0, 64)
    .padEnd(2, "-");
}
