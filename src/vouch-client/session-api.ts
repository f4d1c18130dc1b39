/** Questions to the Vouch server in the name of a session, and what its refusals mean. */
import type * as v from "valibot";
import { type ErrorCode, VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import type { Secret } from "../base/secret.ts";
import type { DpopClient } from "./dpop-client.ts";
import { readAnswer, readApiFailure } from "./api.ts";

/** The error codes whose message and hint are taken from the server; any other code becomes `server_error`. */
const refusals: readonly string[] = [
  "login_needed",
  "session_expired",
  "access_denied",
  "enrollment_denied",
  "login_denied",
  "credential_excluded",
  "credential_not_found",
  "session_not_found",
  "name_taken",
  "last_credential",
] satisfies ErrorCode[];

export class SessionApi {
  readonly #client: DpopClient;
  readonly #accessToken: Secret;

  constructor(client: DpopClient, accessToken: Secret) {
    this.#client = client;
    this.#accessToken = accessToken;
  }

  /** The server's URL without a trailing slash. */
  get server(): string {
    return this.#client.server;
  }

  /**
   * The answer in the form of the schema. Throws `login_needed`, `session_expired`, `access_denied`, `network`,
   * `timeout`, `server_error`, `cancelled`, and the refusals of the path.
   */
  async ask<Schema extends v.GenericSchema>(
    method: "GET" | "POST",
    path: string,
    body: object | undefined,
    schema: Schema,
    repeatable: boolean,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<Schema>> {
    const response = await this.#client.ask(method, path, this.#accessToken, body, { repeatable, signal });
    if (response.status !== 200) throw this.#refused(response);
    return readAnswer(response, schema, this.server);
  }

  /** As `ask`; undefined if the server is too old to know the path. */
  async askIfKnown<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<Schema> | undefined> {
    const response = await this.#client.ask("GET", path, this.#accessToken, undefined, { signal });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw this.#refused(response);
    return readAnswer(response, schema, this.server);
  }

  #refused(response: HttpResponse): VouchError {
    const { code, message, hint } = readApiFailure(response, this.server);
    if (refusals.includes(code)) return VouchError.fromWire({ code, message, ...(hint === undefined ? {} : { hint }) });
    if (response.status === 404) {
      return new VouchError("server_error", "The Vouch server is older than this vouch and does not know this yet.", {
        hint: "Tell who runs the server to update it.",
      });
    }
    return new VouchError("server_error", `The Vouch server refused the request: ${message}`, { hint });
  }
}
