/** The OIDC issuer that AWS trusts: discovery document, JWKS, ID tokens. */
import type { JWK } from "jose";
import type { Purpose } from "../../base/purpose.ts";
import { awsClaimNames, awsClaims } from "./session-tags.ts";
import type { User } from "../store/user.ts";
import type { KeyRing } from "../signing/key-ring.ts";
import { idTokenSeconds } from "../signing/life-cycle.ts";

/** Grant type: WebAuthn assertion for access token. */
export const webauthnGrant = "urn:vouch:params:oauth:grant-type:webauthn";
/** Grant type of token exchange (RFC 8693, 2.1). */
export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

export interface IdToken {
  jwt: string;
  /** Seconds. */
  expiresIn: number;
  /** The signature took so long that the session may have ended meanwhile. */
  isLate: boolean;
}

/** Duration of a signature after which the session is looked at once more, in milliseconds: AWS KMS may take seconds. */
const lateMs = 100;

export class Issuer {
  readonly url: string;
  readonly #keys: KeyRing;
  readonly #tagEmail: boolean;

  /**
   * `url` is the issuer identifier. With `tagEmail` the sessions at AWS are tagged with the person's e-mail address too.
   */
  constructor(url: string, keys: KeyRing, { tagEmail }: { tagEmail: boolean }) {
    this.url = url;
    this.#keys = keys;
    this.#tagEmail = tagEmail;
  }

  /**
   * Returns the discovery document (OpenID Connect Discovery 1.0, 3; RFC 8414). Its authorization_endpoint, which is
   * demanded, refuses everybody: login uses a security key on the user's machine. AWS reads only the issuer, the JWKS and
   * the algorithms.
   */
  discoveryDocument(): Record<string, unknown> {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/.well-known/jwks.json`,
      authorization_endpoint: `${this.url}/oauth/authorize`,
      token_endpoint: `${this.url}/oauth/token`,
      revocation_endpoint: `${this.url}/oauth/revoke`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
      scopes_supported: ["openid"],
      claims_supported: ["iss", "sub", "aud", "exp", "iat", "jti", "auth_time", "amr", "email", ...awsClaimNames],
      grant_types_supported: [webauthnGrant, tokenExchangeGrant],
      token_endpoint_auth_methods_supported: ["none"],
      revocation_endpoint_auth_methods_supported: ["none"],
      dpop_signing_alg_values_supported: ["ES256"],
    };
  }

  /** Returns the public keys as a JWK set (RFC 7517, 5). */
  jwks(): { keys: JWK[] } {
    return this.#keys.jwks();
  }

  /** Why no token can be signed, as last seen (`Signer.failure`); looks again in the background, without a wait. */
  signingFailure(): unknown {
    const { signer } = this.#keys.signer();
    signer.check();
    return signer.failure();
  }

  /**
   * Signs an ID token that expires after five minutes or with its session, if sooner. Times in seconds since 1970. Person,
   * security key and purpose are principal tags, which a role's trust policy can demand; the subject is the source
   * identity and, having the form for it, can be the session's name. Throws SigningUnavailableError.
   */
  async issueIdToken(
    session: { user: User; credentialId: string; createdAt: number; expiresAt: number },
    { audience, jti, now, purpose }: { audience: string; jti: string; now: number; purpose: Purpose },
  ): Promise<IdToken> {
    const { kid, signer } = this.#keys.signer();
    const expiration = Math.min(now + idTokenSeconds, session.expiresAt);
    // RFC 8176: proof of possession, user presence, multi-factor. Not "hwk": only a trusted attestation could prove a
    // hardware key.
    const claims = {
      iss: this.url,
      sub: session.user.id,
      aud: audience,
      iat: now,
      exp: expiration,
      jti,
      email: session.user.email,
      auth_time: session.createdAt,
      amr: ["pop", "user", "mfa"],
      ...awsClaims({
        subject: session.user.id,
        credentialId: session.credentialId,
        purpose,
        email: this.#tagEmail ? session.user.email : undefined,
      }),
    };
    // Compact serialization (RFC 7515, 7.1); jose signs with keys in this process only.
    const signed = `${base64url({ alg: "ES256", kid, typ: "JWT" })}.${base64url(claims)}`;
    const begun = performance.now();
    const signature = await signer.sign(new TextEncoder().encode(signed));
    const isLate = performance.now() - begun > lateMs;
    return { jwt: `${signed}.${Buffer.from(signature).toString("base64url")}`, expiresIn: expiration - now, isLate };
  }
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
