/**
 * The company's identity provider: discovery (OpenID Connect Discovery 1.0), the authorization code flow with PKCE
 * (RFC 6749, 4.1; RFC 7636), and the verification of its answers (OpenID Connect Core 1.0, 3.1.3.7; RFC 9207). Imported
 * only where single sign-on is set up.
 */
import * as oauth from "oauth4webapi";
import type { Environment } from "../../base/environment.ts";
import { httpRequest } from "../../base/net/http.ts";
import { settledWithin } from "../settled-within.ts";
import { reasonOf, translated } from "./refused-answer.ts";
import type { SsoSettings } from "./settings.ts";
import { ProviderUnavailableError } from "./unavailable.ts";

/** Timeout and size limit of each request to the provider. */
const defaultTimeoutMs = 10_000;
const maxBytes = 1 << 20;
/** Intervals of discovery, in milliseconds: after a success, and after a failure. */
const refreshMs = 3_600_000;
const retryMs = 30_000;
/** How long a request waits for a discovery that is under way, in milliseconds. */
const waitMs = 5_000;

/** Signature algorithms of ID tokens: asymmetric ones only, so that nobody who has the client's secret can make any. */
const algorithms = new Set([
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
]);

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

export interface ProviderOptions {
  settings: SsoSettings;
  redirectUri: string;
  env: Environment;
  /** Seconds since 1970. */
  now: () => number;
  /** Is given the reason why discovery failed, and undefined once it has succeeded. */
  discovered: (reason: string | undefined) => void;
  /** Timeout of each request to the provider, in milliseconds. */
  timeoutMs?: number;
}

export class IdentityProvider {
  readonly #options: ProviderOptions;
  readonly #authentication: oauth.ClientAuth | undefined;
  #metadata: oauth.AuthorizationServer | undefined;
  #failure: Error | undefined;
  #discovering: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#authentication = options.settings.clientSecret === undefined ? oauth.None() : undefined;
  }

  /** Begins discovery in the background, and repeats it until `stop`. */
  start(): void {
    void this.#discover();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#discovering;
  }

  /** Discovery, once: for a check. Throws ProviderUnavailableError. */
  async look(): Promise<void> {
    await this.#read();
  }

  /** Where a browser begins a sign-on. Throws ProviderUnavailableError. */
  async authorizationUrl({ state, nonce, verifier }: Binding): Promise<URL> {
    const metadata = await this.#known();
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
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  /**
   * Exchanges the code of an authorization response, whose parameters are a browser's, and verifies what comes. Throws
   * `login_denied` for a response that is refused, ProviderUnavailableError.
   */
  async finish(parameters: URLSearchParams, binding: Binding): Promise<ProviderClaims> {
    const metadata = await this.#known();
    try {
      return await this.#exchange(metadata, parameters, binding);
    } catch (error) {
      throw translated(error);
    }
  }

  async #exchange(
    metadata: oauth.AuthorizationServer,
    parameters: URLSearchParams,
    { state, nonce, verifier }: Binding,
  ): Promise<ProviderClaims> {
    const client = this.#client();
    const options = { [oauth.customFetch]: this.#fetch, [oauth.allowInsecureRequests]: this.#isPlain() };
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
    const idToken = oauth.getValidatedIdTokenClaims(tokens)! as Record<string, unknown> & { sub: string };
    if (metadata.userinfo_endpoint === undefined || !this.#lacksClaims(idToken, metadata))
      return { idToken, userInfo: {} };
    const asked = await oauth.userInfoRequest(metadata, client, tokens.access_token, options);
    const userInfo = await oauth.processUserInfoResponse(metadata, client, idToken.sub, asked);
    return { idToken, userInfo };
  }

  #lacksClaims(idToken: Record<string, unknown>, metadata: oauth.AuthorizationServer): boolean {
    const { groupsClaim } = this.#options.settings;
    const isVerified = "email_verified" in idToken || "xms_edov" in idToken;
    if (!("email" in idToken) || !isVerified) return true;
    return !(groupsClaim in idToken) && metadata.claims_supported?.includes(groupsClaim) === true;
  }

  #scopes(metadata: oauth.AuthorizationServer): string {
    const hasGroups = metadata.scopes_supported?.includes("groups") === true;
    return hasGroups ? "openid email profile groups" : "openid email profile";
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

  /** Whether the provider is one of this machine without TLS, for trials. */
  #isPlain(): boolean {
    return this.#options.settings.issuer.startsWith("http:");
  }

  async #known(): Promise<oauth.AuthorizationServer> {
    if (this.#metadata === undefined) await settledWithin(this.#discover(), waitMs);
    if (this.#metadata !== undefined) return this.#metadata;
    throw this.#failure ?? new ProviderUnavailableError("it has not answered yet");
  }

  #discover(): Promise<void> {
    this.#discovering ??= this.#try().finally(() => {
      this.#discovering = undefined;
    });
    return this.#discovering;
  }

  async #try(): Promise<void> {
    clearTimeout(this.#timer);
    let isFound = false;
    try {
      this.#metadata = await this.#read();
      isFound = true;
      this.#options.discovered(undefined);
    } catch (error) {
      this.#failure = error as Error;
      this.#options.discovered((error as Error).message);
    }
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#discover(), isFound ? refreshMs : retryMs);
    this.#timer.unref();
  }

  async #read(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#options.settings.issuer);
    try {
      const response = await oauth.discoveryRequest(issuer, {
        [oauth.customFetch]: this.#fetch,
        [oauth.allowInsecureRequests]: this.#isPlain(),
      });
      if (response.status !== 200) {
        const path = "/.well-known/openid-configuration";
        throw new ProviderUnavailableError(
          `${issuer.host} answered ${path} of the issuer with status ${response.status}`,
        );
      }
      const metadata = await oauth.processDiscoveryResponse(issuer, response);
      for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const)
        this.#checkUrl(metadata, name);
      if (metadata.userinfo_endpoint !== undefined) this.#checkUrl(metadata, "userinfo_endpoint");
      const signedBy = metadata.id_token_signing_alg_values_supported ?? ["RS256"];
      return {
        ...metadata,
        id_token_signing_alg_values_supported: signedBy.filter((each) => algorithms.has(each)),
      };
    } catch (error) {
      if (error instanceof ProviderUnavailableError) throw error;
      throw new ProviderUnavailableError(reasonOf(error), error);
    }
  }

  /** An https provider names no URL without TLS, and so none of this machine's services. */
  #checkUrl(
    metadata: oauth.AuthorizationServer,
    name: "authorization_endpoint" | "token_endpoint" | "jwks_uri" | "userinfo_endpoint",
  ): void {
    const url = typeof metadata[name] === "string" ? URL.parse(metadata[name]) : null;
    if (url?.protocol === "https:" || (url?.protocol === "http:" && this.#isPlain())) return;
    throw new ProviderUnavailableError(`its metadata names no https URL as ${name}`);
  }

  /** fetch with the limits of this server, as oauth4webapi calls it. */
  readonly #fetch = async (
    url: string,
    { method, headers, body }: oauth.CustomFetchOptions<"GET" | "POST", unknown>,
  ): Promise<Response> => {
    const answer = await httpRequest({
      url,
      method,
      headers,
      ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      timeoutMs: this.#options.timeoutMs ?? defaultTimeoutMs,
      maxBytes,
      caBundle: this.#options.env["SSL_CERT_FILE"],
    });
    const { host } = new URL(url);
    if (answer.status >= 500) throw new ProviderUnavailableError(`${host} failed (status ${answer.status})`);
    if (answer.status >= 300 && answer.status < 400)
      throw new ProviderUnavailableError(`${host} answered with a redirect, which is not followed`);
    const isEmpty = answer.status === 204 || answer.status === 205;
    return new Response(isEmpty ? null : answer.body, { status: answer.status, headers: answer.headers });
  };
}
