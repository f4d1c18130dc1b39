/** The AWS IAM documents that make a role trust this server: trust policies and permissions. */

import { sessionNameTag } from "../../../aws/names.ts";
import type { SessionNaming } from "../../configuration/table-aws.ts";
import { regionPattern } from "../../../aws/names.ts";
import { VouchError } from "../../../base/errors.ts";
import type { Purpose } from "../../../base/purpose.ts";
import { groupTag } from "../../oauth/session-tags.ts";

/** AWS partitions other than the commercial one, by region prefix (from the AWS SDKs' `partitions.json`). */
const partitions: [prefix: RegExp, partition: string][] = [
  [/^cn-/, "aws-cn"],
  [/^us-gov-/, "aws-us-gov"],
  [/^us-iso-/, "aws-iso"],
  [/^us-isob-/, "aws-iso-b"],
  [/^eu-isoe-/, "aws-iso-e"],
  [/^us-isof-/, "aws-iso-f"],
  [/^eusc-/, "aws-eusc"],
];

/** Returns the partition of a region, as ARNs spell it; `aws` without a region. Throws `usage`. */
export function partitionOf(region: string | undefined): string {
  if (region === undefined) return "aws";
  if (!regionPattern.test(region)) {
    throw new VouchError("usage", `Expected --region with an AWS region such as us-gov-west-1, got "${region}".`);
  }
  return partitions.find(([prefix]) => prefix.test(region))?.[1] ?? "aws";
}

/** Whether AWS takes the URL as an issuer: https without a port. */
export function isAwsIssuer(url: string): boolean {
  const { protocol, port } = new URL(url);
  return protocol === "https:" && port === "";
}

export interface Trusted {
  /** The server's URL: the issuer. */
  url: string;
  audiences: readonly string[];
  /** The role's account, 12 digits. */
  account: string;
  partition: string;
  /** A role for `publish` demands a token that was given for a touch. Default: read. */
  purpose?: Purpose;
  /** What sessions are named by (`session-name`); the person's id without it. */
  sessionName?: SessionNaming | undefined;
  /** A role of a group demands a token that says that the person is in it. */
  group?: string | undefined;
}

/** Returns the ARN of the server's identity provider in the role's account. */
export function providerArn({ url, account, partition }: Pick<Trusted, "url" | "account" | "partition">): string {
  return `arn:${partition}:iam::${account}:oidc-provider/${new URL(url).host}`;
}

/**
 * Returns the trust policy of a role. The session's source identity and tags come from the token alone; its name is the
 * client's choice, so AWS compares it with the token. AWS documents which keys each action is asked with, so each has
 * a statement of its own.
 */
export function trustPolicy({ purpose, group, sessionName, ...trusted }: Trusted): PolicyDocument {
  const { url, audiences } = trusted;
  const { host } = new URL(url);
  const allowed = { Effect: "Allow", Principal: { Federated: providerArn(trusted) } };
  const audience = { [`${host}:aud`]: audiences.length === 1 ? audiences[0]! : [...audiences] };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        ...allowed,
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            ...audience,
            ...(sessionName === "email" ? namedByEmail(host) : namedById(host)),
            ...(purpose === "publish" ? publishCondition : {}),
            ...(group === undefined ? {} : { [`aws:RequestTag/${groupTag(group)}`]: "true" }),
          },
        },
      },
      { ...allowed, Action: "sts:TagSession", Condition: { StringEquals: audience } },
      { ...allowed, Action: "sts:SetSourceIdentity", Condition: { StringEquals: audience } },
    ],
  };
}

const namedById = (host: string) => ({
  [`${host}:sub`]: "${sts:RoleSessionName}",
  "sts:SourceIdentity": "${sts:RoleSessionName}",
  "aws:RequestTag/vouch:sub": "${sts:RoleSessionName}",
});

/** The address is the name alone; who it is, is the source identity, as ever. */
const namedByEmail = (host: string) => ({
  [`${host}:sub`]: "${sts:SourceIdentity}",
  "aws:RequestTag/vouch:sub": "${sts:SourceIdentity}",
  "sts:RoleSessionName": `\${aws:RequestTag/${sessionNameTag}}`,
});

/** What the first statement demands besides, of a role for publishing: a token that was given for a touch. */
export const publishCondition = { "aws:RequestTag/vouch:purpose": "publish" };

export interface PolicyDocument {
  Version: string;
  Statement: Record<string, unknown>[];
}

/** Repositories, as the ARNs of a permissions policy name them. */
export interface RepositoryScope {
  partition: string;
  /** The account that owns the domains. */
  owner: string;
  /** `*` for every region. */
  regions: readonly string[];
  /** `*` as the name stands for every repository of the domain. */
  repositories: readonly { domain: string; name: string }[];
}

/**
 * Returns the permissions policy of a role: to list repositories and read packages, for `publish` to publish them, too,
 * since package managers look at what is there before they publish. Without a scope: of every repository.
 */
export function permissionsPolicy(purpose: Purpose, scope?: RepositoryScope): PolicyDocument {
  const reading = ["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"];
  const publishing =
    purpose === "publish" ? ["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"] : [];
  // The lists are those that `vouch enroll` lets people choose from.
  const domain = ["codeartifact:GetAuthorizationToken", "codeartifact:ListRepositoriesInDomain"];
  const everything = ["codeartifact:ListDomains"];
  const allow = (Action: string[], Resource: string | string[]) => ({ Effect: "Allow", Action, Resource });
  return {
    Version: "2012-10-17",
    Statement: [
      ...(scope === undefined
        ? [allow([...domain, ...everything, ...reading, ...publishing], "*")]
        : [allow(everything, "*"), ...scopedStatements(scope)]),
      {
        Effect: "Allow",
        Action: "sts:GetServiceBearerToken",
        Resource: "*",
        Condition: { StringEquals: { "sts:AWSServiceName": "codeartifact.amazonaws.com" } },
      },
    ],
  };

  function scopedStatements({ partition, owner, regions, repositories }: RepositoryScope) {
    const arns = (kind: string, paths: readonly string[]) =>
      regions.flatMap((region) =>
        paths.map((path) => `arn:${partition}:codeartifact:${region}:${owner}:${kind}/${path}`),
      );
    const paths = repositories.map(({ domain: of, name }) => `${of}/${name}`);
    const domains = [...new Set(repositories.map(({ domain: of }) => of))];
    return [
      allow(domain, arns("domain", domains)),
      allow(reading, arns("repository", paths)),
      ...(publishing.length === 0
        ? []
        : [
            allow(
              publishing,
              arns(
                "package",
                paths.map((path) => `${path}/*`),
              ),
            ),
          ]),
    ];
  }
}
