/**
 * Session tags: from the token's claim `https://aws.amazon.com/tags`, or from the parameters of AssumeRole.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import * as v from "valibot";
import { ServiceError } from "../../service-error.ts";

export interface SessionTags {
  /** Values by key. */
  tags: ReadonlyMap<string, string>;
  /** The keys whose tags the next session of a chain inherits. */
  transitive: readonly string[];
}

export const noTags: SessionTags = { tags: new Map(), transitive: [] };

const maxTags = 50;
const key = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const value = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** A tag has a list of one value here. */
const TagsClaim = v.pipe(
  v.custom<object>((claim) => typeof claim === "object" && !Array.isArray(claim)),
  v.object({
    principal_tags: v.optional(v.record(v.string(), v.strictTuple([v.string()])), {}),
    transitive_tag_keys: v.optional(v.array(v.string()), []),
  }),
);

/** The tags of an ID token. Throws ServiceError; the words are those that AWS has for every fault of the claim. */
export function tagsOfToken(claim: unknown): SessionTags {
  if (claim === undefined) return noTags;
  const parsed = v.safeParse(TagsClaim, claim);
  if (!parsed.success) throw invalid("Unable to validate tags");
  // An object of JSON.parse has `__proto__` as a property of its own, and valibot leaves it out: no tag of that name.
  const tags = new Map(Object.entries(parsed.output.principal_tags).map(([name, [text]]) => [name, text]));
  const transitive = parsed.output.transitive_tag_keys;
  const isValid =
    tags.size <= maxTags &&
    [...tags].every(([name, text]) => isKey(name) && value.test(text)) &&
    new Set([...tags.keys()].map(lower)).size === tags.size &&
    transitive.every((name) => has(tags, name));
  if (!isValid) throw invalid("Unable to validate tags");
  return { tags, transitive };
}

/** The tags that AssumeRole is asked to set, beside those that the caller's session hands on. Throws ServiceError. */
export function tagsOfRequest(parameters: URLSearchParams, inherited: SessionTags): SessionTags {
  const asked: [string, string][] = [];
  for (let n = 1; parameters.has(`Tags.member.${n}.Key`); n++) {
    asked.push([parameters.get(`Tags.member.${n}.Key`)!, parameters.get(`Tags.member.${n}.Value`) ?? ""]);
  }
  const transitive: string[] = [];
  for (let n = 1; parameters.has(`TransitiveTagKeys.member.${n}`); n++) {
    transitive.push(parameters.get(`TransitiveTagKeys.member.${n}`)!);
  }
  if (asked.length > maxTags)
    throw invalid(
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
  for (const [name, text] of asked) {
    if (!isKey(name))
      throw invalid(`1 validation error detected: Value '${name}' at 'tags.1.member.key' failed to satisfy constraint`);
    if (!value.test(text))
      throw invalid(
        `1 validation error detected: Value '${text}' at 'tags.1.member.value' failed to satisfy constraint`,
      );
  }
  const tags = new Map(asked);
  if (new Set(asked.map(([name]) => lower(name))).size !== asked.length) {
    throw parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  }
  if (asked.some(([name]) => inherited.transitive.map(lower).includes(lower(name)))) {
    throw parameter(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  if (!transitive.every((name) => has(tags, name))) {
    throw parameter("The specified transitive tag key must be included in the requested tags.");
  }
  return { tags, transitive };
}

/** What the next session of a chain has from this one. */
export function inheritedTags({ tags, transitive }: SessionTags): SessionTags {
  const handedOn = new Set(transitive.map(lower));
  return { tags: new Map([...tags].filter(([name]) => handedOn.has(lower(name)))), transitive };
}

/** One value a key, whatever its case: the later ones count. */
export function mergeTags(...each: ReadonlyMap<string, string>[]): Map<string, string> {
  const merged = new Map<string, [string, string]>();
  for (const tags of each) for (const tag of tags) merged.set(lower(tag[0]), tag);
  return new Map(merged.values());
}

function isKey(name: string): boolean {
  return key.test(name) && !lower(name).startsWith("aws:");
}

function has(tags: ReadonlyMap<string, string>, name: string): boolean {
  return [...tags.keys()].some((one) => lower(one) === lower(name));
}

function lower(text: string): string {
  return text.toLowerCase();
}

function invalid(message: string): ServiceError {
  return new ServiceError("ValidationError", message, 400);
}

function parameter(message: string): ServiceError {
  return new ServiceError("InvalidParameterValue", message, 400);
}
