/** The API by which a session publishes after a touch, documented in docs/openapi.yaml. */
import * as v from "valibot";
import type { IdToken } from "../aws/web-identity.ts";
import { Secret } from "../base/secret.ts";
import { CeremonyAnswer } from "./api.ts";
import type { SessionApi } from "./session-api.ts";

/** `approval`: PublicKeyCredentialRequestOptionsJSON. */
const BegunAnswer = v.object({
  ceremony: CeremonyAnswer.entries.ceremony,
  approval: v.looseObject({ challenge: v.string() }),
});
const PublishAnswer = v.object({
  idToken: v.pipe(v.string(), v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/), v.maxLength(20_000)),
  expiresIn: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3600)),
});

/** Every method throws as `SessionApi.ask`. */
export class VouchPublishing {
  readonly #api: SessionApi;

  constructor(api: SessionApi) {
    this.#api = api;
  }

  /** The server's URL without a trailing slash. */
  get server(): string {
    return this.#api.server;
  }

  /** Begins a ceremony of 60 seconds: the options for the assertion by an enrolled key. */
  async begin(signal?: AbortSignal): Promise<v.InferOutput<typeof BegunAnswer>> {
    return this.#api.ask("POST", "/v1/publish/options", {}, BegunAnswer, true, signal);
  }

  /**
   * The ID token for publishing; `approval` is the AuthenticationResponseJSON, `holder` the process that the touch must
   * have been given for (`nameOfProcess`), `now` the time in milliseconds since 1970 before the request. Throws also
   * `login_denied`.
   */
  async idToken(
    answer: { ceremony: string; approval: unknown; holder: string },
    now: number,
    signal?: AbortSignal,
  ): Promise<IdToken> {
    const { idToken, expiresIn } = await this.#api.ask("POST", "/v1/publish", answer, PublishAnswer, false, signal);
    return { token: new Secret(idToken), expiration: Math.floor(now / 1000) + expiresIn };
  }
}
