/**
 * AWS credentials of a session: its ID token, exchanged with STS for the role's credentials. No credential outlives the
 * session.
 */
import { count } from "../../base/words/count.ts";
import type { Environment } from "../../base/environment.ts";
import { assumeRole, assumeRoleWithWebIdentity, type RoleCredentials, tokenSessionName } from "../../aws/sts.ts";
import { VouchError } from "../../base/errors.ts";
import type { IdToken } from "../../aws/web-identity.ts";
import type { Clock } from "../../base/clock.ts";
import {
  type CredentialSource,
  maxDurationSeconds,
  minDurationSeconds,
  type SourceRole,
} from "../tokens/credential-source.ts";
import { RenewingCache } from "../tokens/cache/renewing-cache.ts";
import { type Role, roleFor } from "../../settings/roles.ts";
import type { Session } from "./session.ts";

/** Safety margin in seconds: durations count from AWS's answer, so that a shorter duration is requested. */
const marginSeconds = 5;

/** The cache key of ID tokens: they belong to the session, whatever the role. */
const sessionKey = "session";

/** What a session's credentials are made from. */
interface SessionIdentity {
  idToken: () => Promise<IdToken>;
  /** The longest duration that is asked of AWS. */
  maxSeconds: number;
}

export class SessionCredentials implements CredentialSource {
  readonly asker = "person";
  readonly role = roleFor;
  readonly #session: Session;
  readonly #env: Environment;
  readonly #idToken: SessionIdentity["idToken"];
  readonly #maxSeconds: number;
  readonly #idTokens: RenewingCache<IdToken>;
  /** That of the newest ID token; a chain of roles begins with one. */
  #sessionName = "";

  constructor(session: Session, clock: Clock, env: Environment, identity: Partial<SessionIdentity> = {}) {
    this.#session = session;
    this.#idToken = identity.idToken ?? (() => session.idToken());
    this.#maxSeconds = identity.maxSeconds ?? maxDurationSeconds;
    this.#env = env;
    this.#idTokens = new RenewingCache(clock, "The ID token of the Vouch server", Infinity);
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  get expiration(): number {
    return this.#session.expiration;
  }

  check(): void {
    this.#session.check();
  }

  mayRenew(): boolean {
    return this.#session.secondsLeft() - marginSeconds >= minDurationSeconds;
  }

  async fetch(role: Role, identified: () => void): Promise<RoleCredentials> {
    // Checked before the ID token is fetched, so that a session with too little time left costs no call.
    this.tokenSeconds();
    const { token } = await this.#idTokens.get(sessionKey, this.#idToken, false);
    this.#sessionName = tokenSessionName(token, this.#session.user);
    identified();
    return assumeRoleWithWebIdentity({ ...this.#request(role), webIdentityToken: token });
  }

  async chain(role: Role, { arn, credentials }: SourceRole): Promise<RoleCredentials> {
    return assumeRole({ ...this.#request(role), sourceRoleArn: arn, credentials });
  }

  forgetFailures(): void {
    this.#idTokens.forgetFailures();
  }

  /** Until the session's end. Throws `login_needed` if AWS issues nothing that short. */
  tokenSeconds(): number {
    this.#session.check();
    const seconds = Math.floor(this.#session.secondsLeft()) - marginSeconds;
    if (seconds >= minDurationSeconds) return Math.min(seconds, this.#maxSeconds);
    const minutes = Math.max(1, Math.round(this.#session.secondsLeft() / 60));
    throw new VouchError(
      "login_needed",
      `AWS issues no token for less than 15 minutes, and this session ends in ${count(minutes, "minute")}.`,
      { hint: `Run \`${this.#session.place.command}\` for a new session.` },
    );
  }

  #request({ arn, region }: Role) {
    return {
      roleArn: arn,
      region,
      sessionName: this.#sessionName,
      durationSeconds: this.tokenSeconds(),
      env: this.#env,
      signal: this.#session.signal,
    };
  }
}
