/** DPoP-protected requests to the Vouch server, with its nonces and clock skew correction. */
import type { Environment } from "../base/environment.ts";
import type { HttpResponse } from "../base/net/http.ts";
import type { Secret } from "../base/secret.ts";
import type { DpopKey } from "./dpop.ts";
import { readOAuthFailure, send, type Surroundings } from "./api.ts";

/** Threshold for clock skew between the `Date` header and our clock; milliseconds. */
const skewToleranceMs = 2_000;

/** The errors that another proof may mend (RFC 9449, 5 and 8). */
const proofErrors: readonly string[] = ["invalid_dpop_proof", "use_dpop_nonce"];

/** RFC 9449, 8.1, and not longer than a header should be. */
const noncePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

interface SendOptions {
  /** Whether the request is idempotent and may be retried. */
  repeatable?: boolean;
  signal?: AbortSignal | undefined;
  /** Timeout of all attempts together, in milliseconds. */
  limitMs?: number;
}

export class DpopClient {
  /** The server's URL without a trailing slash. */
  readonly server: string;
  readonly tokenUrl: string;
  readonly now: () => number;
  readonly #key: DpopKey;
  readonly #env: Environment;
  /** The server's clock minus ours, in milliseconds; 0 until a proof is rejected. */
  #clockOffsetMs = 0;
  /** The last nonce that the server gave (RFC 9449, 8.2). */
  #nonce: string | undefined;

  constructor(server: string, key: DpopKey, { env, now }: Surroundings) {
    this.server = server;
    this.#key = key;
    this.#env = env;
    this.now = now;
    this.tokenUrl = `${server}/oauth/token`;
  }

  /** Posts a form to a path under /oauth. Throws `network`, `timeout`, `server_error`, `cancelled`. */
  async postForm(path: string, form: Record<string, string>, options: SendOptions = {}): Promise<HttpResponse> {
    const refusesProof = (response: HttpResponse): boolean =>
      response.status >= 400 && proofErrors.includes(readOAuthFailure(response, this.tokenUrl).error);
    return this.#send("POST", path, new URLSearchParams(form), undefined, refusesProof, options);
  }

  /** Calls an endpoint with the session's access token (RFC 9449, 7). Throws as `postForm`. */
  async ask(
    method: "GET" | "POST",
    path: string,
    accessToken: Secret,
    body: object | undefined,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    const refusesProof = ({ status, headers }: HttpResponse): boolean =>
      status === 401 &&
      proofErrors.some((error) => headers.get("www-authenticate")?.includes(`error="${error}"`) === true);
    return this.#send(method, path, body, accessToken, refusesProof, options);
  }

  /**
   * Sends the request. While the proof is rejected it is retried, once with the server's time if the clocks differ, and
   * once with its nonce if that is new.
   */
  async #send(
    method: "GET" | "POST",
    path: string,
    body: object | URLSearchParams | undefined,
    accessToken: Secret | undefined,
    refusesProof: (response: HttpResponse) => boolean,
    { repeatable = false, ...rest }: SendOptions,
  ): Promise<HttpResponse> {
    const url = this.server + path;
    const headers = async () => ({
      dpop: await this.#key.proof(method, url, {
        issuedAt: Math.floor((this.now() + this.#clockOffsetMs) / 1000),
        accessToken,
        nonce: this.#nonce,
      }),
      ...(accessToken ? { authorization: `DPoP ${accessToken.expose()}` } : {}),
    });
    for (let attempt = 0; ; attempt++) {
      const response = await send({ method, url, headers, body, env: this.#env, repeatable, ...rest });
      const isNewNonce = this.#keepNonce(response);
      if (attempt === 2 || !refusesProof(response)) return response;
      if (!this.#correctClock(response) && !isNewNonce) return response;
    }
  }

  /** Keeps the server's nonce for the next proof; returns whether it is another one than before. */
  #keepNonce({ headers }: HttpResponse): boolean {
    const nonce = headers.get("dpop-nonce") ?? undefined;
    if (nonce === undefined || nonce === this.#nonce || !noncePattern.test(nonce)) return false;
    this.#nonce = nonce;
    return true;
  }

  #correctClock(response: HttpResponse): boolean {
    const serverTime = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(serverTime)) return false;
    const offset = serverTime - this.now();
    if (Math.abs(offset - this.#clockOffsetMs) <= skewToleranceMs) return false;
    this.#clockOffsetMs = offset;
    return true;
  }
}
