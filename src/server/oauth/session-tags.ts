/**
 * Claims of an ID token that AWS STS reads: session tags and source identity. Whoever assumes a role with the token has
 * them, a trust policy can demand them, and the client can choose none of them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import { sessionNameTag, tagsClaim } from "../../aws/names.ts";
import type { Purpose } from "../../base/purpose.ts";
import { sha256 } from "../random.ts";
import type { Transaction } from "../store/store.ts";

const sourceIdentityClaim = "https://aws.amazon.com/source_identity";
export const awsClaimNames = [tagsClaim, sourceIdentityClaim] as const;

/** The values that AWS takes for a tag: at most 256 of these characters. */
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

export interface TaggedIdentity {
  /** The ID token's subject. */
  subject: string;
  /** The id of the security key: the one that logged in, or the one that was touched to publish. */
  credentialId: string;
  purpose: Purpose;
  /** The person's e-mail address, only where the server is asked to tag sessions with it. */
  email: string | undefined;
  /** The session's name, only where the server names sessions otherwise than by the subject. */
  sessionName?: string | undefined;
  /** The AAGUID of the security key, or `unproved`; undefined where the server proves no models. */
  model?: string | undefined;
  /** As `announcedGroups` gives them. */
  groups: readonly AnnouncedGroup[];
}

/** A group that AWS is told of, and whether the person is in it. */
export interface AnnouncedGroup {
  name: string;
  isMember: boolean;
}

/**
 * Whether the person is in each of the announced groups; asks the database only if there is any. To be called in the
 * transaction that grants the token.
 */
export async function announcedGroups(
  { groups }: Transaction,
  userId: string,
  announced: readonly string[],
): Promise<AnnouncedGroup[]> {
  if (announced.length === 0) return [];
  const own = new Set(await groups.namesOfUser(userId));
  return announced.map((name) => ({ name, isMember: own.has(name) }));
}

/** The key of the tag that says whether the person is in the group: `true` or `false`. */
export function groupTag(name: string): string {
  return `vouch:group:${name}`;
}

/**
 * The model of a key that nothing proves. The tag is there all the same: a role without it could be given one by whoever
 * assumes the next.
 */
export const unproved = "unproved";

/**
 * The claims for AWS. Every tag is transitive: the next session of a chain of roles inherits it, and cannot replace it.
 * For that the purpose is there always, also where it is reading, and each
 * announced group, also where the person is not in it. An address with characters that no tag has is left out.
 */
export function awsClaims({
  subject,
  credentialId,
  purpose,
  email,
  sessionName,
  model,
  groups,
}: TaggedIdentity): Record<string, unknown> {
  const tags: Record<string, string> = {
    "vouch:sub": subject,
    "vouch:key": tagValue.test(credentialId) ? credentialId : sha256(credentialId),
    "vouch:purpose": purpose,
  };
  if (sessionName !== undefined) tags[sessionNameTag] = sessionName;
  if (model !== undefined) tags["vouch:aaguid"] = model;
  if (email !== undefined && tagValue.test(email)) tags["vouch:email"] = email;
  for (const { name, isMember } of groups) tags[groupTag(name)] = String(isMember);
  const principalTags = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]]));
  return {
    [tagsClaim]: { principal_tags: principalTags, transitive_tag_keys: Object.keys(tags) },
    [sourceIdentityClaim]: subject,
  };
}
