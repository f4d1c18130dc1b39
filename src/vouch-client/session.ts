/**
 * A session with the Vouch server: an OAuth access token bound to a DPoP key (RFC 9449) that never leaves this process.
 */
import * as v from "valibot";
import { hostname } from "node:os";
import { VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import { printable } from "../base/words/printable.ts";
import { Secret } from "../base/secret.ts";
import { DpopKey } from "./dpop.ts";
import { DpopClient } from "./dpop-client.ts";
import type { IdToken } from "../aws/web-identity.ts";
import { announcedTo } from "./announced.ts";
import type { AnnouncedBody } from "../announced/body.ts";
import { readAnswer, readOAuthFailure, type Surroundings } from "./api.ts";
import { VouchKeys } from "./keys.ts";
import { endedHint, loginHints } from "./refusals.ts";
import { SessionApi } from "./session-api.ts";
import { VouchPublishing } from "./publishing.ts";
import { VouchSessions } from "./sessions.ts";

/** Upper bound on the session lifetime reported by the server: eight hours, in seconds. */
const maxSessionSeconds = 8 * 3600;

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";

const ExpiresIn = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400 * 366));
const OpaqueToken = v.pipe(v.string(), v.regex(/^[\u0021-\u007e]{16,8192}$/));
const LoginAnswer = v.object({
  access_token: OpaqueToken,
  token_type: v.literal("DPoP"),
  expires_in: ExpiresIn,
  user: v.pipe(v.string(), v.minLength(1), v.maxLength(320)),
});
const IdTokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/), v.maxLength(20_000)),
  issued_token_type: v.literal(idTokenType),
  expires_in: ExpiresIn,
});

/** A completed login ceremony: its id and the AuthenticationResponseJSON of the security key. */
export interface Login {
  ceremony: string;
  credential: unknown;
}

export class VouchSession {
  readonly user: string;
  /** Session lifetime in seconds, from the time of the login request. */
  readonly lifetimeSeconds: number;
  /** The user's security keys. */
  readonly keys: VouchKeys;
  /** The user's sessions, here and elsewhere. */
  readonly sessions: VouchSessions;
  /** ID tokens for publishing, each for a touch. */
  readonly publishing: VouchPublishing;
  readonly #client: DpopClient;
  readonly #accessToken: Secret;
  readonly #api: SessionApi;

  private constructor(client: DpopClient, answer: v.InferOutput<typeof LoginAnswer>) {
    this.#client = client;
    this.#accessToken = new Secret(answer.access_token);
    const api = (this.#api = new SessionApi(client, this.#accessToken));
    this.keys = new VouchKeys(api);
    this.sessions = new VouchSessions(api);
    this.publishing = new VouchPublishing(api);
    this.user = answer.user;
    this.lifetimeSeconds = Math.min(answer.expires_in, maxSessionSeconds);
  }

  /** The server's URL without a trailing slash. */
  get server(): string {
    return this.#client.server;
  }

  /**
   * Logs in with a new DPoP key. `server` is the URL without a trailing slash. Throws `login_denied`, `network`,
   * `timeout`, `server_error`.
   */
  static async login(server: string, login: Login, surroundings: Surroundings): Promise<VouchSession> {
    const client = new DpopClient(server, await DpopKey.generate(), surroundings);
    const response = await client.postForm("/oauth/token", {
      grant_type: "urn:vouch:params:oauth:grant-type:webauthn",
      ceremony: login.ceremony,
      credential: JSON.stringify(login.credential),
      client: machineName(),
    });
    return VouchSession.#opened(client, response);
  }

  /**
   * Opens a session for the code of a login in the browser (RFC 6749, 4.1.3), with the DPoP key of `client`. Throws as
   * `login`.
   */
  static async redeem(client: DpopClient, parameters: Record<string, string>): Promise<VouchSession> {
    const response = await client.postForm("/oauth/token", { grant_type: "authorization_code", ...parameters });
    return VouchSession.#opened(client, response, "vouch login --browser");
  }

  static #opened(client: DpopClient, response: HttpResponse, command?: string): VouchSession {
    if (response.status !== 200) throw loginDenied(response, client.tokenUrl, command);
    return new VouchSession(client, readAnswer(response, LoginAnswer, client.tokenUrl));
  }

  /** What the server announces to the laptops of the user. Throws as `announcedTo`. */
  async announced(signal?: AbortSignal): Promise<AnnouncedBody | undefined> {
    return announcedTo(this.#api, signal);
  }

  /**
   * Gets an ID token by token exchange (RFC 8693) for the server's own audience, the client id configured in AWS.
   * Throws `session_expired`, `login_needed`, `login_denied`, `network`, `timeout`, `server_error`, `cancelled`.
   */
  async idToken(signal?: AbortSignal): Promise<IdToken> {
    const askedAt = Math.floor(this.#client.now() / 1000);
    const response = await this.#client.postForm(
      "/oauth/token",
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: this.#accessToken.expose(),
        subject_token_type: accessTokenType,
        requested_token_type: idTokenType,
      },
      { repeatable: true, signal },
    );
    if (response.status !== 200) throw exchangeRefused(response, this.#client.tokenUrl);
    const { access_token, expires_in } = readAnswer(response, IdTokenAnswer, this.#client.tokenUrl);
    return { token: new Secret(access_token), expiration: askedAt + expires_in };
  }

  /**
   * Revokes the session at the server (RFC 7009), with a timeout of `limitMs`; `repeatable`: an unreachable one is asked
   * again until then. Throws `network`, `timeout`,
   * `server_error`.
   */
  async revoke(limitMs: number, repeatable = false): Promise<void> {
    const form = { token: this.#accessToken.expose(), token_type_hint: "access_token" };
    const response = await this.#client.postForm("/oauth/revoke", form, { limitMs, repeatable });
    if (response.status === 200) return;
    const { description } = readOAuthFailure(response, this.#client.tokenUrl);
    throw new VouchError("server_error", `The server did not revoke the session: ${description}`);
  }
}

/** What this machine is called, for the list of sessions. */
export function machineName(): string {
  return printable(hostname()).slice(0, 64);
}

function loginDenied(response: HttpResponse, url: string, command?: string): VouchError {
  const { error, description } = readOAuthFailure(response, url);
  if (error === "use_dpop_nonce") return nonceRefused(description);
  if (error === "invalid_dpop_proof") return proofRefused(description);
  const message = `The server did not accept the login: ${description || error}`;
  return new VouchError("login_denied", message, loginHints(error, description, command));
}

function exchangeRefused(response: HttpResponse, url: string): VouchError {
  const { error, description } = readOAuthFailure(response, url);
  if (error === "use_dpop_nonce") return nonceRefused(description);
  if (error === "invalid_dpop_proof") return proofRefused(description);
  if (error !== "invalid_grant") {
    return new VouchError("server_error", `The server issued no ID token: ${description || error}`, {
      hint: "Ask who runs the server which audiences it allows.",
    });
  }
  const hint = endedHint(description);
  return /expired/i.test(description)
    ? new VouchError("session_expired", "The session has expired.", { hint })
    : new VouchError("login_needed", `Not logged in: the server ended the session (${description || error}).`, {
        hint,
      });
}

function proofRefused(description: string): VouchError {
  return new VouchError("login_denied", `The server did not accept the proof of the session's key: ${description}`, {
    hint: "Check that this machine's clock is right, then run `vouch login`.",
    guidedHint: "Check that this machine's clock is right, then run `vouch enroll`.",
  });
}

/** The server wants its own nonce in the proof (RFC 9449, section 8): it came with no answer, or was not the one. */
function nonceRefused(description: string): VouchError {
  return new VouchError(
    "login_denied",
    `The server did not accept the nonce in the proof of the session's key: ${description}`,
    { hint: "Ask who runs the server whether a proxy before it drops the header DPoP-Nonce of its answers." },
  );
}
