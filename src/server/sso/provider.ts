/**
 * The company's identity provider: the authorization code flow with PKCE (RFC 6749, 4.1; RFC 7636), the refresh grant
 * (RFC 6749, 6), and the verification of its answers (OpenID Connect Core 1.0, 3.1.3.7 and 12.2; RFC 9207). Imported only
 * where single sign-on is set up.
 */
import * as oauth from "oauth4webapi";
import * as v from "valibot";
import { Secret } from "../../base/secret.ts";
import { parseJson } from "../../base/json.ts";
import { Discovery, type DiscoveryOptions } from "./discovery.ts";
import { reasonOf, refusalOf, translated } from "./refused-answer.ts";
import type { SsoSettings } from "./settings.ts";
import { ProviderUnavailableError } from "./unavailable.ts";

/** What a sign-on is bound to. */
export interface Binding {
  state: string;
  nonce: string;
  verifier: string;
}

/** Claims as the provider sends them: of the verified ID token, and what UserInfo says of the same subject. */
export interface ProviderClaims {
  idToken: Record<string, unknown>;
  userInfo: Record<string, unknown>;
}

export interface SignedOn extends ProviderClaims {
  /** Undefined where the provider gave none, or none was asked for. */
  refreshToken: Secret | undefined;
}

/** What the provider says of a person whose refresh token it is shown. */
export type Refreshed =
  /** Without an ID token no claims; without another refresh token the one from before stays good. */
  | { result: "confirmed"; claims: ProviderClaims | undefined; refreshToken: Secret | undefined }
  | { result: "refused"; reason: string }
  /** An answer with tokens that do not prove anything about this person. */
  | { result: "unproven"; reason: string }
  | { result: "unavailable"; reason: string; refreshToken: Secret | undefined };

export interface ProviderOptions extends Omit<DiscoveryOptions, "issuer"> {
  settings: SsoSettings;
  redirectUri: string;
  /** Seconds since 1970. */
  now: () => number;
}

/** RFC 6749, A.17. The limit is that of AWS KMS, which may encrypt it. */
const RefreshToken = v.pipe(v.string(), v.regex(/^[\x20-\x7E]{1,4096}$/));
const TokenAnswer = v.object({ access_token: v.string() });

/** Issuers that give a refresh token for a parameter of their own instead of the scope offline_access. */
const offlineParameters: Record<string, Record<string, string>> = {
  "https://accounts.google.com": { access_type: "offline" },
};

export class IdentityProvider {
  readonly #options: ProviderOptions;
  readonly #authentication: oauth.ClientAuth | undefined;
  readonly #discovery: Discovery;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#authentication = options.settings.clientSecret === undefined ? oauth.None() : undefined;
    this.#discovery = new Discovery({ ...options, issuer: options.settings.issuer });
  }

  /** Begins discovery in the background, and repeats it until `stop`. */
  start(): void {
    this.#discovery.start();
  }

  async stop(): Promise<void> {
    await this.#discovery.stop();
  }

  /** Discovery, once: for a check. Returns whether the provider says how it gives refresh tokens. Throws ProviderUnavailableError. */
  async look(): Promise<{ isOffline: boolean }> {
    return { isOffline: this.#isOffline(await this.#discovery.look()) };
  }

  /** Whether the provider says how it gives refresh tokens. Throws ProviderUnavailableError. */
  async offersRefreshTokens(): Promise<boolean> {
    return this.#isOffline(await this.#discovery.known());
  }

  /** Where a browser begins a sign-on; `consent`: the person is to agree anew. Throws ProviderUnavailableError. */
  async authorizationUrl({ state, nonce, verifier }: Binding, consent = false): Promise<URL> {
    const metadata = await this.#discovery.known();
    const { settings, redirectUri } = this.#options;
    const url = new URL(metadata.authorization_endpoint!);
    const parameters = {
      response_type: "code",
      client_id: settings.clientId,
      redirect_uri: redirectUri,
      scope: this.#scopes(metadata),
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...(settings.recheck === undefined ? {} : offlineParameters[settings.issuer]),
      ...(consent ? { prompt: "consent" } : {}),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  /**
   * Exchanges the code of an authorization response, whose parameters are a browser's, and verifies what comes. Throws
   * `login_denied` for a response that is refused, ProviderUnavailableError.
   */
  async finish(parameters: URLSearchParams, binding: Binding): Promise<SignedOn> {
    const metadata = await this.#discovery.known();
    try {
      return await this.#exchange(metadata, parameters, binding);
    } catch (error) {
      throw translated(error);
    }
  }

  /** Shows the provider the refresh token of the subject, and verifies what comes. Never throws. */
  async refresh(refreshToken: Secret, subject: string): Promise<Refreshed> {
    const shown = refreshToken.expose();
    // A provider may repeat in an error what it was shown.
    const cleaned = (reason: string) =>
      reason.includes(shown.slice(0, 16)) ? "its answer repeats the refresh token" : reason;
    let isAnswered = false;
    try {
      const metadata = await this.#discovery.known();
      const client = this.#client();
      const authentication = this.#authentication ?? this.#secretBy(metadata);
      const options = this.#discovery.requestOptions();
      const answer = await oauth.refreshTokenGrantRequest(metadata, client, authentication, shown, options);
      isAnswered = answer.status === 200 && v.is(TokenAnswer, parseJson(await answer.clone().text()));
      return await this.#readRefreshed(metadata, answer, subject);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) return { result: "refused", reason: cleaned(refusal) };
      const failure = translated(error);
      const isAway = failure instanceof ProviderUnavailableError;
      if (isAnswered && !isAway) return { result: "unproven", reason: cleaned(reasonOf(error)) };
      const reason = cleaned(isAway ? failure.message : reasonOf(error));
      return { result: "unavailable", reason, refreshToken: undefined };
    }
  }

  /** OpenID Connect Core 1.0, 12.2. */
  async #readRefreshed(metadata: oauth.AuthorizationServer, answer: Response, subject: string): Promise<Refreshed> {
    const client = this.#client();
    const tokens = await oauth.processRefreshTokenResponse(metadata, client, answer);
    const refreshToken = readRefreshToken(tokens);
    const idToken = oauth.getValidatedIdTokenClaims(tokens);
    if (idToken === undefined) return { result: "confirmed", claims: undefined, refreshToken };
    if (idToken.sub !== subject) return { result: "unproven", reason: "its ID token is of another subject" };
    try {
      await oauth.validateApplicationLevelSignature(metadata, answer, this.#discovery.requestOptions());
      const claims = await this.#claimsOf(metadata, idToken, tokens.access_token);
      return { result: "confirmed", claims, refreshToken };
    } catch (error) {
      // The token from before may be used up.
      const failure = translated(error);
      if (!(failure instanceof ProviderUnavailableError)) throw error;
      return { result: "unavailable", reason: failure.message, refreshToken };
    }
  }

  async #exchange(
    metadata: oauth.AuthorizationServer,
    parameters: URLSearchParams,
    { state, nonce, verifier }: Binding,
  ): Promise<SignedOn> {
    const client = this.#client();
    const options = this.#discovery.requestOptions();
    const response = oauth.validateAuthResponse(metadata, client, parameters, state);
    const answer = await oauth.authorizationCodeGrantRequest(
      metadata,
      client,
      this.#authentication ?? this.#secretBy(metadata),
      response,
      this.#options.redirectUri,
      verifier,
      options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(metadata, client, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(metadata, answer, options);
    const claims = await this.#claimsOf(metadata, oauth.getValidatedIdTokenClaims(tokens)!, tokens.access_token);
    // One that was not asked for is not kept.
    const refreshToken = this.#options.settings.recheck === undefined ? undefined : readRefreshToken(tokens);
    return { ...claims, refreshToken };
  }

  /** The claims of an ID token, and of UserInfo where it lacks some. */
  async #claimsOf(
    metadata: oauth.AuthorizationServer,
    claims: oauth.IDToken,
    accessToken: string,
  ): Promise<ProviderClaims> {
    const idToken: Record<string, unknown> & { sub: string } = claims;
    if (metadata.userinfo_endpoint === undefined || !this.#lacksClaims(idToken, metadata))
      return { idToken, userInfo: {} };
    const client = this.#client();
    const asked = await oauth.userInfoRequest(metadata, client, accessToken, this.#discovery.requestOptions());
    const userInfo = await oauth.processUserInfoResponse(metadata, client, idToken.sub, asked);
    return { idToken, userInfo };
  }

  #lacksClaims(idToken: Record<string, unknown>, metadata: oauth.AuthorizationServer): boolean {
    const { groupsClaim } = this.#options.settings;
    const isVerified = "email_verified" in idToken || "xms_edov" in idToken;
    if (!("email" in idToken) || !isVerified) return true;
    return !(groupsClaim in idToken) && metadata.claims_supported?.includes(groupsClaim) === true;
  }

  #scopes({ scopes_supported: supported = [] }: oauth.AuthorizationServer): string {
    const asked = this.#options.settings.recheck === undefined ? ["groups"] : ["groups", "offline_access"];
    return ["openid email profile", ...asked.filter((scope) => supported.includes(scope))].join(" ");
  }

  #isOffline({ scopes_supported: supported = [] }: oauth.AuthorizationServer): boolean {
    return supported.includes("offline_access") || Object.hasOwn(offlineParameters, this.#options.settings.issuer);
  }

  #client(): oauth.Client {
    const { settings, now } = this.#options;
    // The server's clock, which tests move.
    const skew = now() - Math.floor(Date.now() / 1000);
    return { client_id: settings.clientId, [oauth.clockSkew]: skew };
  }

  /** `client_secret_basic` is the default (OpenID Connect Discovery 1.0, 3). */
  #secretBy(metadata: oauth.AuthorizationServer): oauth.ClientAuth {
    const secret = this.#options.settings.clientSecret!.expose();
    const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const isPost = !methods.includes("client_secret_basic") && methods.includes("client_secret_post");
    return isPost ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
  }
}

/** Throws ProviderUnavailableError for one that cannot be kept: without it nobody would ask about the person. */
function readRefreshToken({ refresh_token: token }: oauth.TokenEndpointResponse): Secret | undefined {
  if (token === undefined) return undefined;
  if (v.is(RefreshToken, token)) return new Secret(token);
  throw new ProviderUnavailableError(
    "its refresh token is none that can be kept: more than 4096 characters, or others than ASCII",
  );
}
