/** The API for the user's enrolled security keys at the Vouch server, documented in docs/openapi.yaml. */
import * as v from "valibot";
import { type ErrorCode, VouchError } from "../base/errors.ts";
import type { HttpResponse } from "../base/net/http.ts";
import type { Secret } from "../base/secret.ts";
import type { DpopClient } from "./dpop-client.ts";
import { type Ceremony, CeremonyAnswer, CredentialId, readAnswer, readApiFailure, Words } from "./api.ts";

const Seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const Key = v.object({
  /** The credential id, base64url. */
  id: CredentialId,
  name: Words,
  /** A UUID in lower case. */
  aaguid: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
  /** Product name in the key's USB descriptor; null if not reported at enrolment. */
  product: v.nullable(Words),
  /** Seconds since 1970. */
  createdAt: Seconds,
  /** Seconds since 1970; null if never used. */
  lastUsedAt: v.nullable(Seconds),
  transports: v.pipe(v.array(v.pipe(Words, v.maxLength(32))), v.maxLength(16)),
  backupEligible: v.boolean(),
  backedUp: v.boolean(),
  /** Whether the current session was opened with this key. */
  thisSession: v.boolean(),
});
const Keys = v.object({ credentials: v.pipe(v.array(Key), v.maxLength(1000)) });
const Added = v.object({ credential: Key });
const Renamed = v.object({ id: CredentialId, name: Words });
const Removed = v.object({ sessionsEnded: Seconds, thisSession: v.boolean() });

/** PublicKeyCredentialRequestOptionsJSON. */
const ApprovalOptions = v.looseObject({ challenge: v.string() });
const AdditionAnswer = v.object({ ...CeremonyAnswer.entries, approval: ApprovalOptions });
const RemovalAnswer = v.object({ ceremony: CeremonyAnswer.entries.ceremony, approval: ApprovalOptions });

interface Approval {
  /** PublicKeyCredentialRequestOptionsJSON. */
  approval: object;
}

export type Key = v.InferOutput<typeof Key>;

/** The error codes whose message and hint are taken from the server; any other code becomes `server_error`. */
const refusals: readonly string[] = [
  "login_needed",
  "session_expired",
  "access_denied",
  "enrollment_denied",
  "login_denied",
  "credential_excluded",
  "credential_not_found",
  "name_taken",
  "last_credential",
] satisfies ErrorCode[];

/**
 * The user's enrolled keys. Every method throws `login_needed`, `session_expired`, `access_denied`, `network`,
 * `timeout`, `server_error`, `cancelled`.
 */
export class VouchKeys {
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

  /** Lists the keys in order of enrolment. */
  async list(signal?: AbortSignal): Promise<Key[]> {
    return (await this.#ask("GET", "", undefined, Keys, true, signal)).credentials;
  }

  /**
   * Begins the addition of a key named `name`: returns the options for its registration, and those for the approving
   * assertion by an enrolled key. Throws also `name_taken`.
   */
  async addOptions(name?: string, signal?: AbortSignal): Promise<Ceremony & Approval> {
    return this.#ask("POST", "/add/options", name === undefined ? {} : { name }, AdditionAnswer, true, signal);
  }

  /**
   * Completes the addition; `approval` is the AuthenticationResponseJSON, `credential` the RegistrationResponseJSON.
   * Throws also `enrollment_denied`, `login_denied`, `credential_excluded`, `name_taken`.
   */
  async add(
    addition: { ceremony: string; approval: unknown; credential: unknown; name?: string; product?: string },
    signal?: AbortSignal,
  ): Promise<Key> {
    return (await this.#ask("POST", "/add", addition, Added, false, signal)).credential;
  }

  /** Renames a key. Throws also `credential_not_found`, `name_taken`. */
  async rename(id: string, name: string, signal?: AbortSignal): Promise<{ id: string; name: string }> {
    return this.#ask("POST", "/rename", { id, name }, Renamed, true, signal);
  }

  /**
   * Begins the removal of a key (`force` allows the last one): returns the options for the approving assertion by an
   * enrolled key. Throws also `credential_not_found`, `last_credential`.
   */
  async removeOptions(
    id: string,
    force: boolean,
    signal?: AbortSignal,
  ): Promise<Approval & Pick<Ceremony, "ceremony">> {
    return this.#ask("POST", "/remove/options", { id, force }, RemovalAnswer, true, signal);
  }

  /**
   * Completes the removal, with the same `id` and `force`; `approval` is the AuthenticationResponseJSON. Returns the
   * number of sessions ended with the key, and whether this session is among them. Throws also `enrollment_denied`,
   * `login_denied`, `credential_not_found`, `last_credential`.
   */
  async remove(
    removal: { ceremony: string; approval: unknown; id: string; force: boolean },
    signal?: AbortSignal,
  ): Promise<{ sessionsEnded: number; thisSession: boolean }> {
    return this.#ask("POST", "/remove", removal, Removed, false, signal);
  }

  async #ask<Schema extends v.GenericSchema>(
    method: "GET" | "POST",
    path: string,
    body: object | undefined,
    schema: Schema,
    repeatable: boolean,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<Schema>> {
    const options = { repeatable, signal };
    const response = await this.#client.ask(method, `/v1/credentials${path}`, this.#accessToken, body, options);
    if (response.status !== 200) throw this.#refused(response);
    return readAnswer(response, schema, this.server);
  }

  #refused(response: HttpResponse): VouchError {
    const { code, message, hint } = readApiFailure(response, this.server);
    if (refusals.includes(code)) return VouchError.fromWire({ code, message, ...(hint === undefined ? {} : { hint }) });
    return new VouchError("server_error", `The Vouch server refused the request: ${message}`, { hint });
  }
}
