/** The OIDC issuer that AWS trusts: discovery document, JWKS, ID tokens. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import type { Purpose } from "../../base/purpose.ts";
import { awsClaimNames, awsClaims } from "./session-tags.ts";
import type { User } from "../store/user.ts";
import type { SigningKey } from "../store/configuration.ts";

/** Grant type: WebAuthn assertion for access token. */
export const webauthnGrant = "urn:vouch:params:oauth:grant-type:webauthn";
/** Grant type of token exchange (RFC 8693, 2.1). */
export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

/** Lifetime of an ID token, unless its session ends sooner. */
const idTokenSeconds = 300;

/** Generates an ES256 key; its kid is the RFC 7638 thumbprint. `now` in seconds since 1970. */
export async function makeSigningKey(now: number): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { kid: await calculateJwkThumbprint(jwk), privateJwk: JSON.stringify(jwk), createdAt: now };
}

export interface IdToken {
  jwt: string;
  /** Seconds. */
  expiresIn: number;
}

export class Issuer {
  readonly url: string;
  readonly #keys: { kid: string; privateJwk: JWK }[];
  readonly #tagEmail: boolean;
  /** The newest key, imported with the first ID token. */
  #signer: ReturnType<typeof importJWK> | undefined;

  /**
   * `url` is the issuer identifier; `keys` are newest first: the newest signs, all are published. With `tagEmail` the
   * sessions at AWS are tagged with the person's e-mail address too.
   */
  constructor(url: string, keys: SigningKey[], { tagEmail }: { tagEmail: boolean }) {
    this.url = url;
    this.#tagEmail = tagEmail;
    this.#keys = keys.map(({ kid, privateJwk }) => ({ kid, privateJwk: JSON.parse(privateJwk) as JWK }));
  }

  /**
   * Returns the discovery document (OpenID Connect Discovery 1.0, 3; RFC 8414). It has no authorization_endpoint: login
   * uses a security key on the user's machine, and AWS reads only the issuer, the JWKS and the algorithms.
   */
  discoveryDocument(): Record<string, unknown> {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/.well-known/jwks.json`,
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
    return {
      keys: this.#keys.map(({ kid, privateJwk: { kty, crv, x, y } }) => ({
        ...({ kty, crv, x, y } as JWK),
        kid,
        alg: "ES256",
        use: "sig",
      })),
    };
  }

  /**
   * Signs an ID token that expires after five minutes or with its session, if sooner. Times in seconds since 1970. Person,
   * security key and purpose are principal tags, which a role's trust policy can demand; the subject is the source
   * identity and, having the form for it, can be the session's name.
   */
  async issueIdToken(
    session: { user: User; credentialId: string; createdAt: number; expiresAt: number },
    audience: string,
    now: number,
    purpose: Purpose = "read",
  ): Promise<IdToken> {
    const [key] = this.#keys;
    if (!key) throw new Error("there is no signing key");
    const expiration = Math.min(now + idTokenSeconds, session.expiresAt);
    // RFC 8176: proof of possession, user presence, multi-factor. Not "hwk": only a trusted attestation could prove a
    // hardware key.
    const claims = {
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
    const jwt = await new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", kid: key.kid, typ: "JWT" })
      .setIssuer(this.url)
      .setSubject(session.user.id)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(expiration)
      .setJti(crypto.randomUUID())
      .sign(await (this.#signer ??= importJWK(key.privateJwk, "ES256")));
    return { jwt, expiresIn: expiration - now };
  }
}
