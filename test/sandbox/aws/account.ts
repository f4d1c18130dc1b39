/** One AWS account of the sandbox: identity providers, roles, CodeArtifact domains, and what has been issued. */
import { randomBytes } from "node:crypto";
import { currentVersion, type PolicyDocument, type Statement } from "../iam/document.ts";
import { type AccessRequest, type Decision, evaluate } from "../iam/evaluate.ts";
import type { TrailEvent } from "./trail.ts";
import { callerContext, plainSession, type SessionAttributes } from "./sts/session/session.ts";

export interface OidcProvider {
  /** The issuer's URL: https, no port, no query. */
  url: string;
  clientIds: string[];
}

export interface Role {
  name: string;
  /** Seconds, 3600 to 43200. */
  maxSessionDuration: number;
  trustPolicy: PolicyDocument;
  /** The statements of its permissions policy, in the current version of the language. */
  permissions: Statement[];
  /** The role's own tags, by key. */
  tags?: Record<string, string>;
}

export interface Domain {
  name: string;
  region: string;
  repositories: string[];
  /** Descriptions of repositories, by name. */
  descriptions?: Record<string, string>;
  /** Deleted: still listed for a while, and nothing else knows it. Default: Active. */
  status?: "Active" | "Deleted";
}

export interface AccountOptions {
  id: string;
  partition?: string;
  oidcProviders?: OidcProvider[];
  roles?: Role[];
  domains?: Domain[];
}

/** Role credentials that STS issued. */
export interface IssuedCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** Seconds since 1970. */
  expires: number;
  role: Role;
  sessionName: string;
  session: SessionAttributes;
}

/**
 * What a live CodeArtifact token stands for: the role alone. Whether AWS keeps the session's tags and source identity with
 * it is not documented; here it does not, so that no test relies on it.
 */
export interface TokenHolder {
  role: Role;
  /** Seconds since 1970. */
  expires: number;
}

export type Operation =
  | "AssumeRole"
  | "AssumeRoleWithWebIdentity"
  | "GetCallerIdentity"
  | "GetAuthorizationToken"
  | "GetRepositoryEndpoint"
  | "ListDomains"
  | "ListRepositoriesInDomain"
  | "PublishPackageVersion"
  | "GetPackageVersionAsset";

/** An answer given instead of the real one. */
export interface Failure {
  status: number;
  code: string;
  message: string;
  headers?: Record<string, string>;
}

/**
 * The account whose credentials sign a request; the first one if there is no such account, whose answer is then that of
 * unknown credentials.
 */
export function signingAccount(request: Request, accounts: readonly [Account, ...Account[]]): Account {
  const id = / Credential=(\w+)\//.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  return accounts.find((account) => account.credentials(id) !== undefined) ?? accounts[0];
}

export class Account {
  readonly id: string;
  readonly partition: string;
  readonly oidcProviders: OidcProvider[];
  readonly roles: Role[];
  readonly domains: Domain[];
  /** How often each operation was asked, whatever the answer. */
  readonly calls: Record<Operation, number> = {
    AssumeRole: 0,
    AssumeRoleWithWebIdentity: 0,
    GetCallerIdentity: 0,
    GetAuthorizationToken: 0,
    GetRepositoryEndpoint: 0,
    ListDomains: 0,
    ListRepositoriesInDomain: 0,
    PublishPackageVersion: 0,
    GetPackageVersionAsset: 0,
  };
  /** The calls of STS and CodeArtifact for a role of the account, in the order of the answers. */
  readonly trail: TrailEvent[] = [];
  /** Actions denied to every role, as by a service control policy. */
  readonly deniedActions = new Set<string>();
  /** The wait before every answer, in milliseconds. */
  latencyMs = 0;
  /** How far the account's clock is ahead of this machine's, in milliseconds. */
  clockOffsetMs = 0;
  readonly #credentials = new Map<string, IssuedCredentials>();
  readonly #tokens = new Map<string, TokenHolder & { domain: string; region: string | undefined }>();
  readonly #failures: { operation: Operation; failure: Failure }[] = [];

  constructor(options: AccountOptions) {
    this.id = options.id;
    this.partition = options.partition ?? "aws";
    this.oidcProviders = options.oidcProviders ?? [];
    this.roles = options.roles ?? [];
    this.domains = options.domains ?? [];
  }

  /** Milliseconds since 1970 by the account's clock. */
  now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  /** The next `times` requests of the operation are answered with the failure. */
  failNext(operation: Operation, failure: Failure, times = 1): void {
    for (let i = 0; i < times; i++) this.#failures.push({ operation, failure });
  }

  /** Counts the request, waits the latency, and gives the failure that is due, if any. */
  async receive(operation: Operation): Promise<Failure | undefined> {
    this.calls[operation]++;
    if (this.latencyMs > 0) await Bun.sleep(this.latencyMs);
    const index = this.#failures.findIndex((entry) => entry.operation === operation);
    return index < 0 ? undefined : this.#failures.splice(index, 1)[0]?.failure;
  }

  role(arn: string): Role | undefined {
    return this.roles.find((role) => arn === `arn:${this.partition}:iam::${this.id}:role/${role.name}`);
  }

  issueCredentials(
    role: Role,
    sessionName: string,
    durationSeconds: number,
    session: SessionAttributes = plainSession,
  ): IssuedCredentials {
    const credentials = {
      accessKeyId: `ASIA${randomText(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}`,
      secretAccessKey: `VouchSandboxSecret${randomBytes(16).toString("base64").slice(0, 22)}`,
      sessionToken: `VouchSandboxSession//////////wEaCXVz+${randomBytes(420).toString("base64")}==`,
      expires: Math.floor(this.now() / 1000) + durationSeconds,
      role,
      sessionName,
      session,
    };
    this.#credentials.set(credentials.accessKeyId, credentials);
    return credentials;
  }

  credentials(accessKeyId: string): IssuedCredentials | undefined {
    return this.#credentials.get(accessKeyId);
  }

  /**
   * A CodeArtifact token for the domain of that name, in the region if one is given, else in the first that has it.
   * `expires` is in seconds since 1970.
   */
  issueToken(
    role: Role,
    domain: string,
    expires: number,
    region = this.domains.find(({ name }) => name === domain)?.region,
  ): string {
    const header = Buffer.from(JSON.stringify({ enc: "A128GCM", alg: "A128KW" })).toString("base64url");
    const token = [header, "vouch-sandbox-token", ...[40, 24, 700, 16].map(randomPart)].join(".");
    this.#tokens.set(token, { role, domain, expires, region });
    return token;
  }

  /** Who holds the token, when it was issued for this domain (in this region, if one is given) and has not ended. */
  verifyToken(token: string, domain: string, region?: string): TokenHolder | undefined {
    const issued = this.#tokens.get(token);
    if (region !== undefined && issued?.region !== region) return undefined;
    if (!issued || issued.domain !== domain || issued.expires * 1000 <= this.now()) return undefined;
    return { role: issued.role, expires: issued.expires };
  }

  /** What the session's role may do, by its permissions policy and the session's tags and source identity. */
  decide(caller: IssuedCredentials, request: AccessRequest): Decision {
    return this.#decide(caller.role, { ...request, context: { ...callerContext(this, caller), ...request.context } });
  }

  /** Whether a CodeArtifact token of the role allows the action on the resource, an ARN. */
  allowed(role: Role, action: string, resource: string): boolean {
    return this.#decide(role, { action, resource }) === "allowed";
  }

  #decide({ permissions }: Role, request: AccessRequest): Decision {
    if (this.deniedActions.has(request.action)) return "explicit deny";
    return evaluate({ Version: currentVersion, Statement: permissions }, request);
  }
}

function randomPart(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

function randomText(length: number, alphabet: string): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join("");
}
