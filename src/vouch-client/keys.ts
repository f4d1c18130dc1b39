/** The security keys of the session's user, at the Vouch server. docs/openapi.yaml documents the API. */
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
  /** What the key's USB descriptor says; null when nobody has told. */
  product: v.nullable(Words),
  /** Seconds since 1970. */
  createdAt: Seconds,
  /** Seconds since 1970; null when it was never used. */
  lastUsedAt: v.nullable(Seconds),
  transports: v.pipe(v.array(v.pipe(Words, v.maxLength(32))), v.maxLength(16)),
  backupEligible: v.boolean(),
  backedUp: v.boolean(),
  /** Whether it opened the session that asks. */
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

/** What the server may refuse in its own words; anything else it says is a fault. */
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

/** Every method throws `login_needed`, `session_expired`, `access_denied`, `network`, `timeout`, `server_error`, `cancelled`. */
export class VouchKeys {
  readonly #client: DpopClient;
  readonly #accessToken: Secret;

  constructor(client: DpopClient, accessToken: Secret) {
    this.#client = client;
    this.#accessToken = accessToken;
  }

  /** The server's URL without a slash at the end. */
  get server(): string {
    return this.#client.server;
  }

  /** In the order in which they were enrolled. */
  async list(signal?: AbortSignal): Promise<Key[]> {
    return (await this.#ask("GET", "", undefined, Keys, true, signal)).credentials;
  }

  /**
   * Begins the addition of a key that is to be called `name`: the options for it, and those for the assertion of an
   * enrolled key that approves it. Throws also `name_taken`.
   */
  async addOptions(name?: string, signal?: AbortSignal): Promise<Ceremony & Approval> {
    return this.#ask("POST", "/add/options", name === undefined ? {} : { name }, AdditionAnswer, true, signal);
  }

  /**
   * Finishes it; `approval` is the AuthenticationResponseJSON, `credential` the RegistrationResponseJSON. Throws also
   * `enrollment_denied`, `login_denied`, `credential_excluded`, `name_taken`.
   */
  async add(
    addition: { ceremony: string; approval: unknown; credential: unknown; name?: string; product?: string },
    signal?: AbortSignal,
  ): Promise<Key> {
    return (await this.#ask("POST", "/add", addition, Added, false, signal)).credential;
  }

  /** Throws also `credential_not_found`, `name_taken`. */
  async rename(id: string, name: string, signal?: AbortSignal): Promise<{ id: string; name: string }> {
    return this.#ask("POST", "/rename", { id, name }, Renamed, true, signal);
  }

  /**
   * Begins the removal of a key, of the last one only with `force`: the options for the assertion of an enrolled key that
   * approves it. Throws also `credential_not_found`, `last_credential`.
   */
  async removeOptions(
    id: string,
    force: boolean,
    signal?: AbortSignal,
  ): Promise<Approval & Pick<Ceremony, "ceremony">> {
    return this.#ask("POST", "/remove/options", { id, force }, RemovalAnswer, true, signal);
  }

  /**
   * Finishes it, with the same `id` and `force`; `approval` is the AuthenticationResponseJSON. Says how many sessions
   * have ended with the key and whether this one has. Throws also `enrollment_denied`, `login_denied`,
   * `credential_not_found`, `last_credential`.
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
