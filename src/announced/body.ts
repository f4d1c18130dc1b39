/**
 * What a Vouch server announces to laptops: roles, profiles and repositories, as `vouch setup` would be given them. Server
 * and command line validate it by this one schema: names and ARNs of AWS in ASCII; no URL, no path, no tool's option.
 */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { accountPattern, domainPattern, regionPattern, repositoryPattern, roleArnPattern } from "../aws/names.ts";

/** Limits of one body. A person reads all of it before it is set up. */
export const maxRepositories = 32;
export const maxProfiles = 16;
const maxVia = 4;
const maxTools = 32;
const maxScopes = 16;

/** Names that an object of settings cannot have as its own. */
const reserved = new Set(["constructor", "prototype"]);

const matching = (pattern: RegExp, expected: string) => v.pipe(v.string(), v.regex(pattern, `expected ${expected}`));
const RoleArn = v.pipe(v.string(), v.maxLength(2048), v.regex(roleArnPattern, "expected a role's ARN"));
const Region = matching(regionPattern, "an AWS region");
/** As `--profile` takes it. */
const ProfileName = v.pipe(
  matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "a profile's name"),
  v.check((name) => !reserved.has(name), "expected another profile's name"),
);

const unique = <T>(key: (item: T) => string) =>
  v.check((items: T[]) => new Set(items.map(key)).size === items.length, "expected each entry once");
const itself = (text: string) => text;

const Profile = v.strictObject({
  name: ProfileName,
  roleArn: RoleArn,
  region: Region,
  /** The roles that lead to it, in order. */
  via: v.exactOptional(v.pipe(v.array(RoleArn), v.minLength(1), v.maxLength(maxVia))),
});

const Repository = v.strictObject({
  domain: matching(domainPattern, "a CodeArtifact domain's name"),
  /** The account that owns the domain. */
  domainOwner: matching(accountPattern, "a 12-digit account id"),
  region: Region,
  repository: matching(repositoryPattern, "a CodeArtifact repository's name"),
  /** The role that reads, or the profile that leads to it; without either that of `aws`. */
  roleArn: v.exactOptional(RoleArn),
  profile: v.exactOptional(ProfileName),
  /** The role that publishes, by a touch. */
  publishRoleArn: v.exactOptional(RoleArn),
  /** As `--tool` takes them; without it each package manager that is installed. */
  tools: v.exactOptional(
    v.pipe(
      v.array(matching(/^[a-z][a-z0-9-]{0,31}$/, "a package manager's name")),
      v.minLength(1),
      v.maxLength(maxTools),
      unique(itself),
    ),
  ),
  npmScopes: v.exactOptional(
    v.pipe(
      v.array(matching(/^@[a-z0-9~-][a-z0-9._~-]{0,213}$/, "an npm scope")),
      v.minLength(1),
      v.maxLength(maxScopes),
      unique(itself),
    ),
  ),
  /** Beside the public registry, which stays the default one. */
  extra: v.exactOptional(v.boolean()),
});

export const AnnouncedBody = v.strictObject({
  /** The role and region that are used without a name. */
  aws: v.exactOptional(v.strictObject({ roleArn: RoleArn, region: Region })),
  profiles: v.exactOptional(
    v.pipe(
      v.array(Profile),
      v.maxLength(maxProfiles),
      unique(({ name }) => name),
    ),
  ),
  /** The last one that is not `extra` becomes the default one. */
  repositories: v.exactOptional(
    v.pipe(
      v.array(Repository),
      v.maxLength(maxRepositories),
      unique((each) => repositoryId(each)),
    ),
  ),
});

export type AnnouncedBody = v.InferOutput<typeof AnnouncedBody>;
export type AnnouncedProfile = v.InferOutput<typeof Profile>;
export type AnnouncedRepository = v.InferOutput<typeof Repository>;

/** Names the repository, whatever leads to it. */
export function repositoryId({
  domain,
  domainOwner,
  region,
  repository,
}: Pick<AnnouncedRepository, "domain" | "domainOwner" | "region" | "repository">): string {
  return `${domain}/${repository} ${domainOwner} ${region}`;
}

/** Where the body is not as the schema has it, in ASCII, and why; never with a value of the body. */
export function problemOf(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  // A key that is misspelt is also missing: the wrong one says more.
  const issue = issues.find(({ expected: allowed }) => allowed === "never") ?? issues[0];
  const { path = [], message, kind, received, expected } = issue;
  const place = path.map(({ key }) => (/^[\w-]{1,40}$/.test(String(key)) ? String(key) : "?")).join(".");
  const isOwn = message.startsWith("expected ");
  const why = isOwn ? message : kind === "schema" ? whyNoType(expected, received) : "it is too long, or too short";
  return `${place === "" ? "the top level" : place}: ${why}`;
}

function whyNoType(expected: string | null, received: string): string {
  if (expected === "never") return "there is no such key";
  if (received === "undefined") return "it is missing";
  return `expected ${{ Array: "a list", Object: "a table", string: "text", boolean: "true or false" }[expected ?? ""] ?? "another value"}`;
}

/**
 * The body in its one form: members in a fixed order, profiles by name, empty lists left out. Repositories keep their
 * order, which counts.
 */
export function canonical({ aws, profiles = [], repositories = [] }: AnnouncedBody): AnnouncedBody {
  return {
    ...(aws === undefined ? {} : { aws: { roleArn: aws.roleArn, region: aws.region } }),
    ...(profiles.length === 0 ? {} : { profiles: profiles.map(canonicalProfile).sort(byName) }),
    ...(repositories.length === 0 ? {} : { repositories: repositories.map(canonicalRepository) }),
  };
}

const byName = (one: AnnouncedProfile, other: AnnouncedProfile): number => (one.name < other.name ? -1 : 1);

function canonicalProfile({ name, roleArn, region, via }: AnnouncedProfile): AnnouncedProfile {
  return { name, roleArn, region, ...(via === undefined ? {} : { via }) };
}

function canonicalRepository(given: AnnouncedRepository): AnnouncedRepository {
  const { domain, domainOwner, region, repository, roleArn, profile, publishRoleArn, tools, npmScopes, extra } = given;
  return {
    domain,
    domainOwner,
    region,
    repository,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(profile === undefined ? {} : { profile }),
    ...(publishRoleArn === undefined ? {} : { publishRoleArn }),
    ...(tools === undefined ? {} : { tools: tools.toSorted() }),
    ...(npmScopes === undefined ? {} : { npmScopes: npmScopes.toSorted() }),
    ...(extra === true ? { extra } : {}),
  };
}

/** SHA-256 of the canonical body's JSON, in base64url. */
export function digestOf(body: AnnouncedBody): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(body)))
    .digest("base64url");
}

/** The form of a digest. */
export const digestPattern = /^[\w-]{43}$/;
