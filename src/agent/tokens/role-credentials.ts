/** Role credentials: each role's cached and fetched once, also those that lead to another role. */
import type { ExpiringCredentials } from "../../aws/sigv4.ts";
import { VouchError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import { type Role, roleBefore } from "../../settings/roles.ts";
import type { CredentialSource } from "./credential-source.ts";
import { checkExpiration, maxTokenSeconds } from "./cache/expiration.ts";
import { RenewingCache } from "./cache/renewing-cache.ts";

export class RoleCredentialsCache {
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #cache: RenewingCache<ExpiringCredentials>;

  constructor(source: CredentialSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#cache = new RenewingCache(clock, "What AWS gave as credentials", Infinity);
  }

  /** The role's credentials, cached or fetched. Throws the errors of the source. */
  async get(role: Role | undefined): Promise<ExpiringCredentials> {
    return this.#cache.get(roleKey(role), (identified) => this.#fetch(role, identified), this.#source.mayRenew());
  }

  /**
   * Calls `use` with the role's credentials, a second time with new ones if cached ones have been revoked at AWS.
   * `identified` is called when only AWS is still to answer. Throws the errors of the source and of `use`.
   */
  async use<Result>(
    role: Role | undefined,
    use: (credentials: ExpiringCredentials) => Promise<Result>,
    identified?: () => void,
  ): Promise<Result> {
    const key = roleKey(role);
    const held = this.#cache.peek(key);
    const fetched = this.get(role);
    if (identified) void this.#cache.whenAsked(key).then(identified);
    const credentials = await fetched;
    try {
      return await use(credentials);
    } catch (error) {
      const hasExpired = error instanceof VouchError && error.code === "session_expired";
      if (credentials !== held || !hasExpired) throw error;
      this.#cache.drop(key, credentials);
      return use(await this.get(role));
    }
  }

  /** The cached credentials, if they can still be served. */
  peek(role: Role): ExpiringCredentials | undefined {
    return this.#cache.peek(roleKey(role));
  }

  forgetFailures(): void {
    this.#cache.forgetFailures();
  }

  async #fetch(role: Role | undefined, identified: () => void): Promise<ExpiringCredentials> {
    const before = role && roleBefore(role);
    const credentials = before
      ? await this.use(before, (given) => this.#source.chain(role, { arn: before.arn, credentials: given }), identified)
      : await this.#source.fetch(role, identified);
    // A role's credentials end within hours; others may last longer, or for ever.
    const max = role ? maxTokenSeconds : Infinity;
    checkExpiration(credentials.expiration, this.#clock.now(), max, "What AWS gave as credentials");
    return credentials;
  }
}

/** The complete key of a role's credentials within one session. */
export function roleKey(role: Role | undefined): string {
  return JSON.stringify([role?.arn, role?.region, role?.via]);
}
