/** The OIDC issuer that AWS trusts: discovery document, JWKS, ID tokens. */
import { sessionNamePattern } from "../../aws/names.ts";
import type { SessionNaming } from "../configuration/table-aws.ts";
import type { JWK } from "jose";
import type { Purpose } from "../../base/purpose.ts";
import { type AnnouncedGroup, awsClaimNames, awsClaims, unproved } from "./session-tags.ts";
import type { Proof } from "../policy/proof.ts";
import type { User } from "../store/people/user.ts";
import type { KeyRing } from "../signing/key-ring.ts";
import { idTokenSeconds } from "../signing/life-cycle.ts";

/** Grant type: WebAuthn assertion for access token. */
export const webauthnGrant = "urn:vouch:params:oauth:grant-type:webauthn";
/** Grant type of a login in the browser (RFC 6749, 4.1.3). */
export const codeGrant = "authorization_code";
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

export interface IssuerOptions {
  /** What sessions at AWS are named by; the person's id without it. */
  sessionName?: SessionNaming | undefined;
  /** Tag sessions at AWS with the person's e-mail address. */
  tagEmail?: boolean;
  /** Tag them with the model of the security key, where it is proved. */
  tagModel?: boolean;
  /** Whether the authorization endpoint has a client. */
  browserLogin?: boolean;
}

export class Issuer {
  readonly url: string;
  readonly #keys: KeyRing;
  readonly #options: IssuerOptions;

  /**
   * `url` is the issuer identifier.
   */
  constructor(url: string, keys: KeyRing, options: IssuerOptions = {}) {
    this.url = url;
    this.#keys = keys;
    this.#options = options;
  }

  /**
   * Returns the discovery document (OpenID Connect Discovery 1.0, 3; RFC 8414). Its authorization_endpoint, which is
   * demanded, refuses everybody where the login in the browser is off. AWS reads only the issuer, the JWKS and
   * the algorithms.
   */
  discoveryDocument(): Record<string, unknown> {
    const hasBrowserLogin = this.#options.browserLogin === true;
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/.well-known/jwks.json`,
      authorization_endpoint: `${this.url}/oauth/authorize`,
      token_endpoint: `${this.url}/oauth/token`,
      revocation_endpoint: `${this.url}/oauth/revoke`,
      response_types_supported: [...(hasBrowserLogin ? ["code"] : []), "id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
      scopes_supported: ["openid"],
      claims_supported: [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "auth_time",
        "amr",
        "email",
        ...proofClaimNames,
        ...awsClaimNames,
      ],
      grant_types_supported: [...(hasBrowserLogin ? [codeGrant] : []), webauthnGrant, tokenExchangeGrant],
      // RFC 8414, 2, and RFC 9207, 3.
      ...(hasBrowserLogin
        ? {
            response_modes_supported: ["query"],
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            // RFC 9126, 5.
            pushed_authorization_request_endpoint: `${this.url}/oauth/par`,
            require_pushed_authorization_requests: true,
          }
        : {}),
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
   * security key, purpose and groups are principal tags, which a role's trust policy can demand; the subject is the source
   * identity and, having the form for it, can be the session's name. Throws SigningUnavailableError.
   */
  async issueIdToken(
    session: { user: User; credentialId: string; createdAt: number; expiresAt: number; proof?: Proof | undefined },
    token: { audience: string; jti: string; now: number; purpose: Purpose; groups: readonly AnnouncedGroup[] },
  ): Promise<IdToken> {
    const { audience, jti, now, purpose, groups } = token;
    const { kid, signer } = this.#keys.signer();
    const expiration = Math.min(now + idTokenSeconds, session.expiresAt);
    const { proof } = session;
    const claims = {
      iss: this.url,
      sub: session.user.id,
      aud: audience,
      iat: now,
      exp: expiration,
      jti,
      email: session.user.email,
      auth_time: session.createdAt,
      // RFC 8176: a hardware key only where an attestation proves it; proof of possession, user presence, multi-factor.
      amr: [...(proof?.hardware === true ? ["hwk"] : []), "pop", "user", "mfa"],
      ...proofClaims(proof),
      ...awsClaims({
        subject: session.user.id,
        credentialId: session.credentialId,
        purpose,
        groups,
        email: this.#options.tagEmail === true ? session.user.email : undefined,
        sessionName: this.#options.sessionName === "email" ? sessionNameOf(session.user) : undefined,
        model: this.#options.tagModel === true ? (proof?.aaguid ?? unproved) : undefined,
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

/** Addresses that STS takes as they are; the id for any other, as two that were made fit could be the same. */
function sessionNameOf({ email, id }: User): string {
  return sessionNamePattern.test(email) ? email : id;
}

const proofClaimNames = ["aaguid", "attestation"] as const;

/** Claims about the security key: none where its model is only what it claims. */
function proofClaims(proof: Proof | undefined): Partial<Record<(typeof proofClaimNames)[number], string>> {
  if (proof === undefined) return {};
  return { ...(proof.aaguid === undefined ? {} : { aaguid: proof.aaguid }), attestation: proof.by };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
