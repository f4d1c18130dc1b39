/**
 * Session tags of AWS in an ID token: whoever assumes a role with it has them, and a trust policy can demand them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */

/** The claim that STS reads. */
export const tagsClaim = "https://aws.amazon.com/tags";

/** The value of the claim for these tags, all of them kept when the role assumes another one (transitive). */
export function sessionTags(tags: Readonly<Record<string, string>>): Record<string, unknown> {
  const principalTags = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]]));
  return { principal_tags: principalTags, transitive_tag_keys: Object.keys(tags) };
}
