/**
 * Discovery of the identity provider (OpenID Connect Discovery 1.0), and requests to it with this server's limits. Imported
 * only where single sign-on is set up.
 */
import * as oauth from "oauth4webapi";
import type { Environment } from "../../base/environment.ts";
import { httpRequest } from "../../base/net/http.ts";
import { settledWithin } from "../settled-within.ts";
import { reasonOf } from "./refused-answer.ts";
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

export interface DiscoveryOptions {
  issuer: string;
  env: Environment;
  /** Is given the reason why discovery failed, and undefined once it has succeeded. */
  discovered: (reason: string | undefined) => void;
  /** Timeout of each request to the provider, in milliseconds. */
  timeoutMs?: number;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  #metadata: oauth.AuthorizationServer | undefined;
  #failure: Error | undefined;
  #discovering: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Begins it in the background, and repeats it until `stop`. */
  start(): void {
    void this.#discover();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#discovering;
  }

  /** The metadata, asked for once. Throws ProviderUnavailableError. */
  async look(): Promise<oauth.AuthorizationServer> {
    return await this.#read();
  }

  /** How oauth4webapi sends a request. */
  requestOptions() {
    return { [oauth.customFetch]: this.#fetch, [oauth.allowInsecureRequests]: this.#isPlain() };
  }

  /** Whether the provider is one of this machine without TLS, for trials. */
  #isPlain(): boolean {
    return this.#options.issuer.startsWith("http:");
  }

  /** The metadata as last read. Throws ProviderUnavailableError if they have not come yet. */
  async known(): Promise<oauth.AuthorizationServer> {
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
    const issuer = new URL(this.#options.issuer);
    try {
      const response = await oauth.discoveryRequest(issuer, this.requestOptions());
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
