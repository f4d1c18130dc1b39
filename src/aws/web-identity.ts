/** An OpenID Connect ID token for STS. */
import type { Secret } from "../base/secret.ts";

export interface IdToken {
  /** The JWT. */
  token: Secret;
  /** Expiration in seconds since 1970. */
  expiration: number;
}
