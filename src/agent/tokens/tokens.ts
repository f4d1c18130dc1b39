/**
 * The chain credentials → CodeArtifact token. Each step is cached in memory and fetched once for concurrent callers;
 * the source gives the credentials and limits every lifetime. One object belongs to one session of one server: its
 * caches need neither in their keys.
 */
import type { Environment } from "../../base/environment.ts";
import { type AuthorizationToken, getAuthorizationToken, getRepositoryEndpoint } from "../../aws/codeartifact.ts";
import type { RegionRequest } from "../../aws/codeartifact-call.ts";
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import type { Purpose } from "../../base/purpose.ts";
import { checkRole, knownRole, type Place, type Role } from "../../settings/roles.ts";
import { serverOf } from "../../settings/servers.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { VouchError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { CredentialSource } from "./credential-source.ts";
import { maxTokenSeconds } from "./cache/expiration.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type { RepositoryEndpointRequest } from "../requests.ts";
import { lateError, withLimit } from "./cache/limit.ts";
import { RenewingCache } from "./cache/renewing-cache.ts";
import { roleKey, RoleCredentialsCache } from "./role-credentials.ts";
import { networkAddresses } from "./network.ts";
import { placeOf } from "./place.ts";

/** The limit on the whole chain behind one token, in milliseconds; helpers time out after 30 seconds. */
export const chainLimitMs = 20_000;
/** How long a command that may not need a domain waits for its answer, in milliseconds. */
const defaultPatienceMs = 2_000;

/** The limits of the whole chain behind one token, and of the part that a command that may not need it waits for. */
export interface TokenLimits {
  /** Milliseconds. */
  limitMs?: number | undefined;
  patienceMs?: number | undefined;
  /** The machine's addresses in one text: when they change, what was unreachable may be reachable. */
  addresses?: (() => string | undefined) | undefined;
  /** Called with each token that CodeArtifact gives. */
  onToken?: ((token: AuthorizationToken) => void) | undefined;
}

/**
 * How much a caller needs a token. `needed`: it waits for the whole chain. `wanted`: a domain that does not answer is
 * waited for two seconds. `dispensable`: as that, and a failure of the last minutes is served at once and retried in the
 * background.
 */
export type Need = "needed" | "wanted" | "dispensable";

type DomainName = Pick<RepositorySettings, "domain" | "domainOwner" | "region">;
type Domain = DomainName & Place;

/** A token of this process or of another one with the same source. */
export interface HeldToken extends AuthorizationToken {
  /** The complete key: role and chain, region, domain, owner, purpose. */
  key: string;
}

/** What is known of one token without asking. */
export interface TokenState {
  role: Role;
  expiration?: number;
  failure?: VouchError;
}

export class Tokens {
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #patienceMs: number;
  readonly #addresses: () => string | undefined;
  readonly #onToken: TokenLimits["onToken"];
  readonly #env: Environment;
  readonly #credentials: RoleCredentialsCache;
  readonly #tokens: RenewingCache<AuthorizationToken>;
  #settings: Settings | undefined;
  /** The machine's addresses when a token failed last. */
  #failedAt: string | undefined;

  constructor(
    source: CredentialSource,
    clock: Clock,
    env: Environment,
    { limitMs = chainLimitMs, patienceMs = defaultPatienceMs, addresses = networkAddresses, onToken }: TokenLimits = {},
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#env = env;
    this.#limitMs = limitMs;
    this.#patienceMs = patienceMs;
    this.#addresses = addresses;
    this.#onToken = onToken;
    this.#credentials = new RoleCredentialsCache(source, clock);
    this.#tokens = new RenewingCache(clock, "The token of AWS CodeArtifact", maxTokenSeconds);
  }

  /**
   * The token of the domain, cached or fetched. A cached one is served as long as the source lasts, even if AWS or the
   * server is down. Throws `session_expired`, `login_needed`, `settings_missing`, and the errors of the steps.
   */
  async token(
    domain: Domain,
    settings: Settings,
    need: Need = "needed",
    purpose: Purpose = "read",
  ): Promise<AuthorizationToken> {
    this.#notice(settings);
    const role = this.#roleThatReaches(domain, settings, purpose);
    const key = tokenKey(domain, role, purpose);
    const isShared = this.#isShared(role, settings);
    const hasOwnServer = serverOf(domain.profile, settings) !== undefined;
    const fetch = (asked: () => void) => {
      // Nothing that belongs to the default server waits for another one.
      if (hasOwnServer) asked();
      return this.#tryToken(domain, role, asked, isShared);
    };
    const patience = { ms: this.#patienceMs, late: () => lateError(domain, this.#patienceMs) };
    // What can publish is fetched for who asks for it, never ahead.
    const mayRenew = purpose === "read" && this.#source.mayRenew();
    const steps = {
      needed: () => this.#tokens.get(key, fetch, mayRenew),
      wanted: () => this.#tokens.getPatiently(key, fetch, patience, mayRenew),
      dispensable: () => this.#tokens.getUnlessFailing(key, fetch, patience, mayRenew),
    };
    const token = await this.#whileItLasts(steps[need]());
    return { token: token.token, expiration: Math.min(token.expiration, this.#source.expiration) };
  }

  /**
   * The credentials of the place's role, cached or fetched; `region` in place of the one whose STS is asked. Throws as
   * `token`.
   */
  async credentials(place: Place, settings: Settings, region?: string): Promise<ExpiringCredentials> {
    this.#source.check();
    const found = this.#source.role(region === undefined ? place : { region, ...place }, settings);
    const role = found && { ...found, region: region ?? found.region };
    if (role) checkRole(role);
    const credentials = await this.#whileItLasts(this.#credentials.get(role));
    return { ...credentials, expiration: Math.min(credentials.expiration, this.#source.expiration) };
  }

  /** The repository's URL as CodeArtifact names it. Throws as `token`. */
  async repositoryEndpoint(request: RepositoryEndpointRequest, settings: Settings): Promise<string> {
    const { domain, domainOwner, repository, format, endpointType } = request;
    const type = endpointType === undefined ? {} : { endpointType };
    return this.askCodeArtifact(placeOf(request, settings), settings, (call) =>
      getRepositoryEndpoint({
        ...call,
        domain,
        domainOwner,
        repository,
        format: format satisfies PackageFormat,
        ...type,
      }),
    );
  }

  /** What `ask` gets of CodeArtifact in the region, by the place's role. Throws as `token`. */
  async askCodeArtifact<T>(
    place: Place & { region: string },
    settings: Settings,
    ask: (call: RegionRequest) => Promise<T>,
  ): Promise<T> {
    const role = this.#roleThatReaches(place, settings);
    const asked = async () =>
      ask({ region: place.region, credentials: await this.#credentials.get(role), ...this.#call() });
    return this.#whileItLasts(asked());
  }

  /** Caches a token that another process has fetched with the same source. Throws as `token`. */
  hold({ key, token, expiration }: HeldToken): void {
    this.#tokens.set(key, { token, expiration });
  }

  /** The cached read tokens of the domains in the settings, each once. */
  held(settings: Settings): HeldToken[] {
    const found = new Map<string, HeldToken>();
    for (const repository of settings.repositories) {
      const key = tokenKey(repository, this.#source.role(repository, settings), "read");
      const token = this.#tokens.peek(key);
      if (token !== undefined) found.set(key, { key, ...token });
    }
    return [...found.values()];
  }

  /** The role, when the cached token ends, and why the last fetch failed; undefined without a role. */
  state(domain: Domain, settings: Settings, purpose: Purpose = "read"): TokenState | undefined {
    const role = knownRole(domain, settings, purpose);
    if (role === undefined) return undefined;
    const key = tokenKey(domain, role, purpose);
    const expiration = this.#tokens.peek(key)?.expiration;
    const failure = this.#tokens.lastFailure(key);
    return {
      role,
      ...(expiration === undefined ? {} : { expiration: Math.min(expiration, this.#source.expiration) }),
      ...(failure === undefined ? {} : { failure: VouchError.from(failure) }),
    };
  }

  /** When the cached role credentials end; undefined if there are none. */
  roleExpiration(settings: Settings): number | undefined {
    const role = knownRole({ region: settings.repositories[0]?.region }, settings);
    return role && this.#credentials.peek(role)?.expiration;
  }

  async #tryToken(
    domain: Domain,
    role: Role | undefined,
    asked: () => void,
    isShared: boolean,
  ): Promise<AuthorizationToken> {
    try {
      return await withLimit(this.#fetchToken(domain, role, asked, isShared), this.#limitMs, domain);
    } catch (error) {
      this.#failedAt = this.#addresses();
      throw error;
    }
  }

  async #fetchToken(
    domain: Domain,
    role: Role | undefined,
    asked: () => void,
    isShared: boolean,
  ): Promise<AuthorizationToken> {
    // Where domains have different roles, none of them waits for the STS of another one.
    const identified = isShared ? undefined : asked;
    const ask = async (with_: ExpiringCredentials) => {
      asked();
      const token = await getAuthorizationToken({
        domain: domain.domain,
        domainOwner: domain.domainOwner,
        region: domain.region,
        durationSeconds: this.#source.tokenSeconds(with_),
        credentials: with_,
        ...this.#call(),
      });
      this.#onToken?.(token);
      return token;
    };
    return this.#credentials.use(role, ask, identified);
  }

  /** Whether every repository is read by this role: then they all wait for the same answer of STS. */
  #isShared(role: Role | undefined, settings: Settings): boolean {
    const key = roleKey(role);
    return settings.repositories.every((each) => roleKey(this.#knownRole(each, settings)) === key);
  }

  #knownRole(place: Place, settings: Settings): Role | undefined {
    try {
      return this.#source.role(place, settings);
    } catch {
      return undefined;
    }
  }

  /** New settings or another network may have removed the reason of a failure. */
  #notice(settings: Settings): void {
    if (this.#settings !== settings) this.#tokens.forgetFailures();
    this.#settings = settings;
    if (!this.#tokens.hasFailures || this.#addresses() === this.#failedAt) return;
    this.#tokens.forgetFailures();
    this.#credentials.forgetFailures();
    this.#source.forgetFailures();
  }

  /** The role, if it is of the domain's partition. Throws `usage` before any request. */
  #roleThatReaches(
    domain: Place & { region: string },
    settings: Settings,
    purpose: Purpose = "read",
  ): Role | undefined {
    this.#source.check();
    const role = this.#source.role(domain, settings, purpose);
    if (role) checkRole(role, [domain.region]);
    return role;
  }

  /** The result, or the reason why the source ended meanwhile. */
  async #whileItLasts<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } finally {
      this.#source.check();
    }
  }

  /** Options of every AWS call. */
  #call() {
    return { env: this.#env, signal: this.#source.signal, asker: this.#source.asker };
  }
}

function tokenKey({ domain, domainOwner, region }: DomainName, role: Role | undefined, purpose: Purpose): string {
  return JSON.stringify([roleKey(role), domain, domainOwner, region, purpose]);
}
