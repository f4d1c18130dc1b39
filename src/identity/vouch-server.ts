/** The Vouch server's HTTP API as its client sees it: enrolment and login. docs/openapi.yaml documents the API. */
import * as v from "valibot";
import { VouchError } from "../errors.ts";
import type { HttpResponse } from "../http.ts";
import type { Secret } from "../secret.ts";
import { post, readAnswer, readApiFailure, type Surroundings } from "./vouch-api.ts";
import { type Login, VouchSession } from "./vouch-session.ts";

/** A ceremony that the server has begun: its name, and the options for the security key. */
export interface Ceremony {
  ceremony: string;
  options: unknown;
}

const CeremonyAnswer = v.object({
  ceremony: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  options: v.looseObject({ challenge: v.string() }),
});
const EnrollAnswer = v.object({
  user: v.pipe(v.string(), v.minLength(1), v.maxLength(320)),
  credentialId: v.pipe(v.string(), v.regex(/^[\w-]{1,1400}$/)),
});

export class VouchServer {
  /** The server's URL without a slash at the end: the issuer. */
  readonly url: string;
  readonly #surroundings: Surroundings;

  constructor(url: string, surroundings: Surroundings) {
    this.url = url.replace(/\/+$/, "");
    this.#surroundings = surroundings;
  }

  /** Begins an enrolment with a one-time code. Throws `enrollment_denied`, `network`, `timeout`, `server_error`. */
  async enrollOptions(code: Secret): Promise<Ceremony> {
    const response = await this.#post("/v1/enroll/options", { code: code.expose() }, true);
    if (response.status !== 200) throw this.#refused("enrollment_denied", response);
    return readAnswer(response, CeremonyAnswer, this.url);
  }

  /** Finishes an enrolment; `credential` is the RegistrationResponseJSON. Uses the code up. Throws as `enrollOptions`. */
  async enroll(enrollment: {
    ceremony: string;
    code: Secret;
    credential: unknown;
  }): Promise<{ user: string; credentialId: string }> {
    const { ceremony, code, credential } = enrollment;
    const response = await this.#post("/v1/enroll", { ceremony, code: code.expose(), credential }, false);
    if (response.status !== 200) throw this.#refused("enrollment_denied", response);
    return readAnswer(response, EnrollAnswer, this.url);
  }

  /** Begins a login. Throws `login_denied`, `network`, `timeout`, `server_error`. */
  async loginOptions(): Promise<Ceremony> {
    const response = await this.#post("/v1/login/options", {}, true);
    if (response.status !== 200) throw this.#refused("login_denied", response);
    return readAnswer(response, CeremonyAnswer, this.url);
  }

  /** Finishes a login. Throws as `VouchSession.login`. */
  async login(login: Login): Promise<VouchSession> {
    return VouchSession.login(this.url, login, this.#surroundings);
  }

  async #post(path: string, body: object, repeatable: boolean): Promise<HttpResponse> {
    return post({ url: this.url + path, body, env: this.#surroundings.env, repeatable });
  }

  #refused(code: "enrollment_denied" | "login_denied", response: HttpResponse): VouchError {
    const failure = readApiFailure(response, this.url);
    const known = failure.code === "credential_excluded" ? failure.code : code;
    return new VouchError(known, failure.message, { hint: failure.hint });
  }
}
