/** The API for the user's enrolled security keys at the Vouch server, documented in docs/openapi.yaml. */
import * as v from "valibot";
import { type Ceremony, CeremonyAnswer, changing, CredentialId, Words } from "./api.ts";
import type { SessionApi } from "./session-api.ts";

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
  /** Whether it counts as part of a phone or computer; older servers mark none. */
  builtIn: v.optional(v.boolean(), false),
  /** By what the server says that its model is proved; null if the key only claims it. Older servers prove nothing. */
  proof: v.optional(v.nullable(v.object({ by: Words, model: Words })), null),
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
const ApprovalAnswer = v.object({ ceremony: CeremonyAnswer.entries.ceremony, approval: ApprovalOptions });

interface Approval {
  /** PublicKeyCredentialRequestOptionsJSON. */
  approval: object;
}

type Begun = Approval & Pick<Ceremony, "ceremony">;

export type Key = v.InferOutput<typeof Key>;

/**
 * The user's enrolled keys. Every method throws `login_needed`, `session_expired`, `access_denied`, `network`,
 * `timeout`, `server_error`, `cancelled`.
 */
export class VouchKeys {
  readonly #api: SessionApi;

  constructor(api: SessionApi) {
    this.#api = api;
  }

  /** The server's URL without a trailing slash. */
  get server(): string {
    return this.#api.server;
  }

  /** Lists the keys in order of enrolment. */
  async list(signal?: AbortSignal): Promise<Key[]> {
    return (await this.#api.ask("GET", "/v1/credentials", undefined, Keys, true, signal)).credentials;
  }

  /**
   * Begins the addition of a key named `name`: returns the options for its registration, and those for the approving
   * assertion by an enrolled key. Throws also `name_taken`.
   */
  async addOptions(name?: string, signal?: AbortSignal): Promise<Ceremony & Approval> {
    return this.#api.ask(
      "POST",
      "/v1/credentials/addition/options",
      name === undefined ? {} : { name },
      AdditionAnswer,
      true,
      signal,
    );
  }

  /**
   * Completes the addition; `approval` is the AuthenticationResponseJSON, `credential` the RegistrationResponseJSON.
   * Throws also `enrollment_denied`, `login_denied`, `credential_excluded`, `name_taken`, `outcome_unknown`.
   */
  async add(
    addition: { ceremony: string; approval: unknown; credential: unknown; name?: string; product?: string },
    signal?: AbortSignal,
  ): Promise<Key> {
    const add = () => this.#api.ask("POST", "/v1/credentials/addition", addition, Added, false, signal);
    return (await changing(add)).credential;
  }

  /**
   * Begins the renaming of a key to `name`: returns the options for the approving assertion by an enrolled key. Throws
   * also `credential_not_found`, `name_taken`.
   */
  async renameOptions(id: string, name: string, signal?: AbortSignal): Promise<Begun> {
    return this.#api.ask("POST", "/v1/credentials/renaming/options", { id, name }, ApprovalAnswer, true, signal);
  }

  /**
   * Completes the renaming, with the same `id` and `name`. Throws also `enrollment_denied`, `login_denied`,
   * `credential_not_found`, `name_taken`, `outcome_unknown`.
   */
  async rename(
    renaming: { ceremony: string; approval: unknown; id: string; name: string },
    signal?: AbortSignal,
  ): Promise<{ id: string; name: string }> {
    return changing(() => this.#api.ask("POST", "/v1/credentials/renaming", renaming, Renamed, false, signal));
  }

  /**
   * Begins the removal of a key (`force` allows the last one): returns the options for the approving assertion by an
   * enrolled key. Throws also `credential_not_found`, `last_credential`.
   */
  async removeOptions(id: string, force: boolean, signal?: AbortSignal): Promise<Begun> {
    return this.#api.ask("POST", "/v1/credentials/removal/options", { id, force }, ApprovalAnswer, true, signal);
  }

  /**
   * Completes the removal, with the same `id` and `force`; `approval` is the AuthenticationResponseJSON. Returns the
   * number of sessions ended with the key, and whether this session is among them. Throws also `enrollment_denied`,
   * `login_denied`, `credential_not_found`, `last_credential`, `outcome_unknown`.
   */
  async remove(
    removal: { ceremony: string; approval: unknown; id: string; force: boolean },
    signal?: AbortSignal,
  ): Promise<{ sessionsEnded: number; thisSession: boolean }> {
    return changing(() => this.#api.ask("POST", "/v1/credentials/removal", removal, Removed, false, signal));
  }
}
