/**
 * The chain credentials → CodeArtifact token. Each step is cached in memory and fetched once for concurrent callers;
 * the source gives the credentials and limits every lifetime.
 */
import type { Environment } from "../../base/environment.ts";
import { type AuthorizationToken, getAuthorizationToken, getRepositoryEndpoint } from "../../aws/codeartifact.ts";
import { checkSamePartition } from "../../aws/partitions.ts";
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { secondsInWords } from "../../base/duration.ts";
import { VouchError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { CredentialSource } from "./credential-source.ts";
import { checkExpiration, maxTokenSeconds } from "./expiration.ts";
import type { PackageFormat } from "../../base/package-format.ts";
import type { RepositoryEndpointRequest } from "../requests.ts";
import { RenewingCache } from "./renewing-cache.ts";
import { networkAddresses } from "./network.ts";
import { ReportedFailures } from "./reported-failures.ts";
import { type Role, roleFor } from "./role.ts";

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
}

/**
 * How much a caller needs a token. `needed`: it waits for the whole chain. `wanted`: a domain that does not answer is
 * waited for two seconds. `dispensable`: as that, and a failure of the last minutes is served at once and retried in the
 * background.
 */
export type Need = "needed" | "wanted" | "dispensable";

type Domain = Pick<RepositorySettings, "domain" | "domainOwner" | "region">;

export type HeldToken = Domain & AuthorizationToken;

export class Tokens {
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #patienceMs: number;
  readonly #addresses: () => string | undefined;
  readonly #env: Environment;
  readonly #credentials: RenewingCache<ExpiringCredentials>;
  readonly #tokens: RenewingCache<AuthorizationToken>;
  /** Which failures were told to commands that may not need the token. */
  readonly reported: ReportedFailures;
  #settings: Settings | undefined;
  /** The machine's addresses when a token failed last. */
  #failedAt: string | undefined;

  constructor(
    source: CredentialSource,
    clock: Clock,
    env: Environment,
    { limitMs = chainLimitMs, patienceMs = defaultPatienceMs, addresses = networkAddresses }: TokenLimits = {},
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#env = env;
    this.#limitMs = limitMs;
    this.#patienceMs = patienceMs;
    this.#addresses = addresses;
    this.reported = new ReportedFailures(clock);
    this.#credentials = new RenewingCache(clock, "What AWS gave as credentials", Infinity);
    this.#tokens = new RenewingCache(clock, "The token of AWS CodeArtifact", maxTokenSeconds);
  }

  /**
   * The token of the domain, cached or fetched. A cached one is served as long as the source lasts, even if AWS or the
   * server is down. Throws `session_expired`, `login_needed`, `settings_missing`, and the errors of the steps.
   */
  async token(domain: Domain, settings: Settings, need: Need = "needed"): Promise<AuthorizationToken> {
    this.#notice(settings);
    const role = this.#roleThatReaches(domain, settings);
    const key = tokenKey(domain, role);
    const fetch = (asked: () => void) => this.#tryToken(domain, role, asked);
    const patience = { ms: this.#patienceMs, late: () => lateError(domain, this.#patienceMs) };
    const mayRenew = this.#source.mayRenew();
    const steps = {
      needed: () => this.#tokens.get(key, fetch, mayRenew),
      wanted: () => this.#tokens.getPatiently(key, fetch, patience, mayRenew),
      dispensable: () => this.#tokens.getUnlessFailing(key, fetch, patience, mayRenew),
    };
    const token = await this.#whileItLasts(steps[need]());
    return { token: token.token, expiration: Math.min(token.expiration, this.#source.expiration) };
  }

  /** The credentials of the role in the settings, cached or fetched. Throws as `token`. */
  async credentials(settings: Settings): Promise<ExpiringCredentials> {
    this.#source.check();
    const role = this.#source.role(settings.repositories[0], settings);
    const credentials = await this.#whileItLasts(this.#roleCredentials(role));
    return { ...credentials, expiration: Math.min(credentials.expiration, this.#source.expiration) };
  }

  /** The repository's URL as CodeArtifact names it. Throws as `token`. */
  async repositoryEndpoint(request: RepositoryEndpointRequest, settings: Settings): Promise<string> {
    const role = this.#roleThatReaches(request, settings);
    return this.#whileItLasts(this.#askRepositoryEndpoint(request, role));
  }

  /** Caches a token that another process has fetched with the same source. Throws as `token`. */
  hold({ token, expiration, ...domain }: HeldToken, settings: Settings): void {
    this.#tokens.set(tokenKey(domain, this.#source.role(domain, settings)), { token, expiration });
  }

  /** The cached tokens of the domains in the settings, each once. */
  held(settings: Settings): HeldToken[] {
    const found = new Map<string, HeldToken>();
    for (const { domain, domainOwner, region } of settings.repositories) {
      const key = tokenKey({ domain, domainOwner, region }, this.#source.role({ region }, settings));
      const token = this.#tokens.peek(key);
      if (token !== undefined) found.set(key, { domain, domainOwner, region, ...token });
    }
    return [...found.values()];
  }

  /** When the cached token ends, and why the last fetch failed. */
  state(domain: Domain, settings: Settings): { expiration?: number; failure?: VouchError } {
    if (!settings.aws) return {};
    const key = tokenKey(domain, roleFor(domain, settings));
    const expiration = this.#tokens.peek(key)?.expiration;
    const failure = this.#tokens.lastFailure(key);
    return {
      ...(expiration === undefined ? {} : { expiration: Math.min(expiration, this.#source.expiration) }),
      ...(failure === undefined ? {} : { failure: VouchError.from(failure) }),
    };
  }

  /** When the cached role credentials end; undefined if there are none. */
  roleExpiration(settings: Settings): number | undefined {
    const [first] = settings.repositories;
    if (!settings.aws || !(first ?? settings.aws.region)) return undefined;
    return this.#credentials.peek(roleKey(roleFor(first, settings)))?.expiration;
  }

  async #tryToken(domain: Domain, role: Role | undefined, asked: () => void): Promise<AuthorizationToken> {
    try {
      return await withLimit(this.#fetchToken(domain, role, asked), this.#limitMs, domain);
    } catch (error) {
      this.#failedAt = this.#addresses();
      throw error;
    }
  }

  async #fetchToken(domain: Domain, role: Role | undefined, asked: () => void): Promise<AuthorizationToken> {
    const held = this.#credentials.peek(roleKey(role));
    const credentials = await this.#roleCredentials(role);
    asked();
    const ask = (with_: ExpiringCredentials) =>
      getAuthorizationToken({
        domain: domain.domain,
        domainOwner: domain.domainOwner,
        region: domain.region,
        durationSeconds: this.#source.tokenSeconds(with_),
        credentials: with_,
        ...this.#call(),
      });
    try {
      return await ask(credentials);
    } catch (error) {
      // Cached credentials may have been revoked at AWS; retry with new ones.
      if (credentials !== held || !(error instanceof VouchError && error.code === "session_expired")) throw error;
      this.#credentials.drop(roleKey(role), credentials);
      return ask(await this.#roleCredentials(role));
    }
  }

  async #askRepositoryEndpoint(request: RepositoryEndpointRequest, role: Role | undefined): Promise<string> {
    const { domain, domainOwner, region, repository, format, endpointType } = request;
    return getRepositoryEndpoint({
      domain,
      domainOwner,
      region,
      repository,
      format: format satisfies PackageFormat,
      ...(endpointType === undefined ? {} : { endpointType }),
      credentials: await this.#roleCredentials(role),
      ...this.#call(),
    });
  }

  async #roleCredentials(role: Role | undefined): Promise<ExpiringCredentials> {
    const fetch = async () => {
      const credentials = await this.#source.fetch(role);
      // A role's credentials end within hours; others may last longer, or for ever.
      const max = role ? maxTokenSeconds : Infinity;
      checkExpiration(credentials.expiration, this.#clock.now(), max, "What AWS gave as credentials");
      return credentials;
    };
    return this.#credentials.get(roleKey(role), fetch, this.#source.mayRenew());
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
  #roleThatReaches(domain: { region: string }, settings: Settings): Role | undefined {
    this.#source.check();
    const role = this.#source.role(domain, settings);
    if (role) for (const region of [role.region, domain.region]) checkSamePartition(role.arn, region);
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

/** The result of the step within the limit. Throws `timeout`; the step continues for later callers. */
async function withLimit<T>(step: Promise<T>, limitMs: number, { domain }: Domain): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new VouchError("timeout", `There was no token for the domain ${domain} within ${secondsInWords(limitMs)}.`, {
        hint: "The Vouch server or AWS does not answer in time. Check the network, then try again.",
      }),
    );
  }, limitMs);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lateError({ domain }: Domain, ms: number): VouchError {
  return new VouchError("timeout", `There was no token for the domain ${domain} within ${secondsInWords(ms)}.`, {
    hint: "It is still being asked for. If you need it, check the network, then try again.",
  });
}

function roleKey(role: Role | undefined): string {
  return JSON.stringify([role?.arn, role?.region]);
}

function tokenKey({ domain, domainOwner, region }: Domain, role: Role | undefined): string {
  return JSON.stringify([role?.arn, role?.region, domain, domainOwner, region]);
}
