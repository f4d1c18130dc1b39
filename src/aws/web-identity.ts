/** Where a web identity comes from: something that gives OpenID Connect ID tokens that STS accepts. */
import type { Secret } from "../base/secret.ts";

export interface IdToken {
  /** The JWT. */
  token: Secret;
  /** When it ends: seconds since 1970. */
  expiration: number;
}

export interface WebIdentity {
  /** Who it is, for people and for the name of the role session. */
  readonly user: string;
  /**
   * A fresh ID token, for the audience that the source was set up with. Throws `session_expired` or `login_needed` when what it is made from has ended, `network`,
   * `timeout`, `server_error`, `cancelled` (by `signal`).
   */
  idToken(signal?: AbortSignal): Promise<IdToken>;
}
