/**
 * The chain of one session: ID token → role credentials (STS) → CodeArtifact token. Each step is kept in memory and
 * fetched once for all who ask at the same time; nothing is asked for that outlives the session.
 */
import { type AuthorizationToken, getAuthorizationToken, getRepositoryEndpoint } from "../aws/codeartifact.ts";
import { assumeRoleWithWebIdentity, type RoleCredentials, roleSessionName } from "../aws/sts.ts";
import { checkSamePartition } from "../aws/partitions.ts";
import type { RepositorySettings, Settings } from "../config/settings.ts";
import { VouchError } from "../errors.ts";
import type { IdToken } from "../identity/identity.ts";
import type { Clock } from "./clock.ts";
import type { PackageFormat, RepositoryEndpointRequest } from "./protocol.ts";
import { RenewingCache } from "./renewing-cache.ts";
import type { Session } from "./session.ts";

/** The shortest duration that STS and CodeArtifact accept, and the longest, in seconds. */
const minDurationSeconds = 900;
const maxDurationSeconds = 43_200;
/** Durations count from when AWS answers: asked this much shorter, in seconds, nothing ends after the session. */
const marginSeconds = 5;

/** The one key of the ID tokens: they are of the session, whatever the role. */
const sessionKey = "session";

type Domain = Pick<RepositorySettings, "domain" | "domainOwner" | "region">;

export class SessionTokens {
  readonly #session: Session;
  readonly #env: Record<string, string | undefined>;
  readonly #idTokens: RenewingCache<IdToken>;
  readonly #credentials: RenewingCache<RoleCredentials>;
  readonly #tokens: RenewingCache<AuthorizationToken>;

  constructor(session: Session, clock: Clock, env: Record<string, string | undefined>) {
    this.#session = session;
    this.#env = env;
    this.#idTokens = new RenewingCache(clock);
    this.#credentials = new RenewingCache(clock);
    this.#tokens = new RenewingCache(clock);
  }

  /**
   * The token for the domain, cached or fetched. One that is held is given out as long as the session lasts, also when
   * AWS or the server cannot be reached.
   * Throws `session_expired`, `login_needed`, `settings_missing`, and what the steps throw.
   */
  async token(domain: Domain, settings: Settings): Promise<AuthorizationToken> {
    this.#session.check();
    const role = roleThatReaches(domain, settings);
    const fetch = () => this.#fetchToken(domain, role);
    const token = await this.#duringSession(this.#tokens.get(tokenKey(domain, role), fetch, this.#mayFetch()));
    return { token: token.token, expiration: Math.min(token.expiration, this.#session.expiration) };
  }

  /** What CodeArtifact names as the repository's URL. Throws as `token`. */
  async repositoryEndpoint(request: RepositoryEndpointRequest, settings: Settings): Promise<string> {
    this.#session.check();
    const role = roleThatReaches(request, settings);
    return this.#duringSession(this.#askRepositoryEndpoint(request, role));
  }

  /** When the token that is held ends, and why the last fetch failed. */
  state(domain: Domain, settings: Settings): { expiration?: number; failure?: VouchError } {
    if (!settings.aws) return {};
    const key = tokenKey(domain, roleFor(domain, settings));
    const expiration = this.#tokens.peek(key)?.expiration;
    const failure = this.#tokens.lastFailure(key);
    return {
      ...(expiration === undefined ? {} : { expiration: Math.min(expiration, this.#session.expiration) }),
      ...(failure === undefined ? {} : { failure: VouchError.from(failure) }),
    };
  }

  /** When the role credentials that are held end; undefined when none are. */
  roleExpiration(settings: Settings): number | undefined {
    const [first] = settings.repositories;
    if (!settings.aws || !(first ?? settings.aws.region)) return undefined;
    return this.#credentials.peek(roleKey(roleFor(first, settings)))?.expiration;
  }

  async #fetchToken(domain: Domain, role: Role): Promise<AuthorizationToken> {
    const held = this.#credentials.peek(roleKey(role));
    const credentials = await this.#roleCredentials(role);
    const ask = (with_: RoleCredentials) =>
      getAuthorizationToken({
        domain: domain.domain,
        domainOwner: domain.domainOwner,
        region: domain.region,
        durationSeconds: this.#duration(),
        credentials: with_,
        env: this.#env,
        signal: this.#session.signal,
      });
    try {
      return await ask(credentials);
    } catch (error) {
      // Credentials that were held may have been ended at AWS; fresh ones have not.
      if (credentials !== held || !(error instanceof VouchError && error.code === "session_expired")) throw error;
      this.#credentials.drop(roleKey(role), credentials);
      return ask(await this.#roleCredentials(role));
    }
  }

  async #askRepositoryEndpoint(request: RepositoryEndpointRequest, role: Role): Promise<string> {
    const { domain, domainOwner, region, repository, format } = request;
    return getRepositoryEndpoint({
      domain,
      domainOwner,
      region,
      repository,
      format: format satisfies PackageFormat,
      credentials: await this.#roleCredentials(role),
      env: this.#env,
      signal: this.#session.signal,
    });
  }

  async #roleCredentials(role: Role): Promise<RoleCredentials> {
    return this.#credentials.get(
      roleKey(role),
      async () => {
        // Asked before the ID token, so that a session with too little left costs no call.
        this.#duration();
        const { token } = await this.#idTokens.get(sessionKey, () => this.#session.idToken(), false);
        return assumeRoleWithWebIdentity({
          roleArn: role.arn,
          region: role.region,
          sessionName: roleSessionName(this.#session.user),
          webIdentityToken: token,
          durationSeconds: this.#duration(),
          env: this.#env,
          signal: this.#session.signal,
        });
      },
      this.#mayFetch(),
    );
  }

  /** The result, or the reason why the session ended meanwhile. */
  async #duringSession<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } finally {
      this.#session.check();
    }
  }

  #mayFetch(): boolean {
    return this.#session.secondsLeft() - marginSeconds >= minDurationSeconds;
  }

  /** The duration to ask for, in seconds: to the session's end. Throws `login_needed` when AWS issues nothing that short. */
  #duration(): number {
    this.#session.check();
    const seconds = Math.floor(this.#session.secondsLeft()) - marginSeconds;
    if (seconds >= minDurationSeconds) return Math.min(seconds, maxDurationSeconds);
    const minutes = Math.max(1, Math.round(this.#session.secondsLeft() / 60));
    throw new VouchError(
      "login_needed",
      `AWS issues no token for less than 15 minutes, and this session ends in ${minutes} minute${minutes === 1 ? "" : "s"}.`,
      { hint: "Run `vouch login` for a new session." },
    );
  }
}

interface Role {
  arn: string;
  /** The region whose STS is asked. */
  region: string;
}

function roleFor(domain: { region: string } | undefined, settings: Settings): Role {
  const region = settings.aws?.region ?? domain?.region;
  if (settings.aws && region !== undefined) return { arn: settings.aws.roleArn, region };
  throw new VouchError("settings_missing", "No AWS role is configured.", {
    hint: "Run `vouch setup aws --role ARN`.",
  });
}

/** The role, when it is of the domain's partition. Throws `usage` before anything is asked of anyone. */
function roleThatReaches(domain: { region: string }, settings: Settings): Role {
  const role = roleFor(domain, settings);
  for (const region of [role.region, domain.region]) checkSamePartition(role.arn, region);
  return role;
}

function roleKey(role: Role): string {
  return JSON.stringify([role.arn, role.region]);
}

function tokenKey({ domain, domainOwner, region }: Domain, role: Role): string {
  return JSON.stringify([role.arn, role.region, domain, domainOwner, region]);
}
