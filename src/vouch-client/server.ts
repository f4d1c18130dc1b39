/** Client of the Vouch server's HTTP API for enrolment and login, documented in docs/openapi.yaml. */
import * as v from "valibot";
import { serverOrigin } from "../base/net/server-origin.ts";
import { VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import type { Secret } from "../base/secret.ts";
import {
  type Ceremony,
  CeremonyAnswer,
  changing,
  CredentialId,
  readAnswer,
  readApiFailure,
  send,
  type Surroundings,
  Words,
} from "./api.ts";
import { BrowserLogin } from "./browser-login.ts";
import { type Login, VouchSession } from "./session.ts";

const EnrollAnswer = v.object({
  user: v.pipe(v.string(), v.minLength(1), v.maxLength(320)),
  credentialId: CredentialId,
  name: Words,
});

/** Length limit of a provider's name for display. */
const maxName = 64;

const WaysAnswer = v.object({
  announces: v.optional(v.boolean(), false),
  singleSignOn: v.optional(
    v.object({
      name: v.pipe(
        Words,
        v.transform((name) => Array.from(name).slice(0, maxName).join("")),
      ),
    }),
  ),
});

/** Timeout of what a person may do without, in milliseconds. */
const waysLimitMs = 5_000;

export class VouchServer {
  /** The server's URL without a trailing slash; also the issuer. */
  readonly url: string;
  readonly #surroundings: Surroundings;

  /** `url` must be an origin; else throws `usage`. */
  constructor(url: string, surroundings: Surroundings) {
    const origin = serverOrigin(url);
    if (origin === undefined) {
      throw new VouchError("usage", "Expected an https URL of the Vouch server, https://HOST without path and query.", {
        hint: "Give the server's URL: `vouch login --server https://vouch.example.com`.",
      });
    }
    this.url = origin;
    this.#surroundings = surroundings;
  }

  /**
   * Returns what people call the identity provider whose accounts get a code at the server's page (`/enroll`), if there is
   * one; and whether the server announces to laptops, after the login, what they use. A server that is too old to say has
   * neither. Throws `network`, `timeout`, `server_error`.
   */
  async enrollmentWays(): Promise<{ singleSignOn?: { name: string } | undefined; announces: boolean }> {
    const url = `${this.url}/v1/enroll/ways`;
    const { env } = this.#surroundings;
    const response = await send({ method: "GET", url, env, repeatable: false, limitMs: waysLimitMs });
    return response.status === 200 ? readAnswer(response, WaysAnswer, this.url) : { announces: false };
  }

  /**
   * Begins an enrolment with a one-time code; `name` is the key's name. Throws `enrollment_denied`, `name_taken`,
   * `network`, `timeout`, `server_error`.
   */
  async enrollOptions(code: Secret, name?: string): Promise<Ceremony> {
    const body = { code: code.expose(), ...(name === undefined ? {} : { name }) };
    const response = await this.#post("/v1/enroll/options", body, true);
    if (response.status !== 200) throw this.#refused("enrollment_denied", response);
    return readAnswer(response, CeremonyAnswer, this.url);
  }

  /**
   * Completes an enrolment; `credential` is the RegistrationResponseJSON, `name` the user's name for the key, `product`
   * its product name. Consumes the code, unless the key is already enrolled. Throws as `enrollOptions`, and
   * `credential_excluded`, `outcome_unknown`.
   */
  async enroll(enrollment: {
    ceremony: string;
    code: Secret;
    credential: unknown;
    name?: string;
    product?: string;
  }): Promise<{ user: string; credentialId: string; name: string }> {
    const body = { ...enrollment, code: enrollment.code.expose() };
    const response = await changing(() => this.#post("/v1/enroll", body, false));
    if (response.status !== 200) throw this.#refused("enrollment_denied", response);
    return readAnswer(response, EnrollAnswer, this.url);
  }

  /** Begins a login. Throws `login_denied`, `network`, `timeout`, `server_error`. */
  async loginOptions(): Promise<Ceremony> {
    const response = await this.#post("/v1/login/options", {}, true);
    if (response.status !== 200) throw this.#refused("login_denied", response);
    return readAnswer(response, CeremonyAnswer, this.url);
  }

  /** Begins a login in the browser. Throws as `BrowserLogin.begin`. */
  async browserLogin(redirectUri: string | undefined): Promise<BrowserLogin> {
    return BrowserLogin.begin(this.url, redirectUri, this.#surroundings);
  }

  /** Completes a login. Throws as `VouchSession.login`. */
  async login(login: Login): Promise<VouchSession> {
    return VouchSession.login(this.url, login, this.#surroundings);
  }

  async #post(path: string, body: object, repeatable: boolean): Promise<HttpResponse> {
    return send({ method: "POST", url: this.url + path, body, env: this.#surroundings.env, repeatable });
  }

  #refused(code: "enrollment_denied" | "login_denied", response: HttpResponse): VouchError {
    const failure = readApiFailure(response, this.url);
    const known = failure.code === "credential_excluded" || failure.code === "name_taken" ? failure.code : code;
    return new VouchError(known, failure.message, { hint: failure.hint });
  }
}
