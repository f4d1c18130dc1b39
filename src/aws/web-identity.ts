/** The interface of a source of OpenID Connect ID tokens for STS. */
import type { Secret } from "../base/secret.ts";

export interface IdToken {
  /** The JWT. */
  token: Secret;
  /** Expiration in seconds since 1970. */
  expiration: number;
}

export interface WebIdentity {
  /** The user's name, for display and for the role session name. */
  readonly user: string;
  /**
   * A fresh ID token for the configured audience. Throws `session_expired` or `login_needed` if the underlying session
   * has ended, `network`, `timeout`, `server_error`, `cancelled` (by `signal`).
   */
  idToken(signal?: AbortSignal): Promise<IdToken>;
}
