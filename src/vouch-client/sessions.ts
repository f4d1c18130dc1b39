/** The API for the user's own sessions at the Vouch server, documented in docs/openapi.yaml. */
import * as v from "valibot";
import { changing, Words } from "./api.ts";
import type { SessionApi } from "./session-api.ts";

const Seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const OwnSession = v.object({
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  /** Seconds since 1970. */
  createdAt: Seconds,
  expiresAt: Seconds,
  /** The name of the key that opened it. */
  key: Words,
  /** What its client called its machine: a claim; null if it said nothing. */
  client: v.nullable(Words),
  /** Whether it is the current one. */
  thisSession: v.boolean(),
});
const Sessions = v.object({ sessions: v.pipe(v.array(OwnSession), v.maxLength(10_000)) });
const Ended = v.object({ ended: Seconds, thisSession: v.boolean() });

export type OwnSession = v.InferOutput<typeof OwnSession>;
/** One session, all but the current one, or all. */
export type EndedSessions = { id: string } | { which: "others" | "all" };

/** The user's live sessions. Every method throws as `SessionApi.ask`. */
export class VouchSessions {
  readonly #api: SessionApi;

  constructor(api: SessionApi) {
    this.#api = api;
  }

  /** Lists the sessions, the oldest first. */
  async list(signal?: AbortSignal): Promise<OwnSession[]> {
    return (await this.#api.ask("GET", "/v1/sessions", undefined, Sessions, true, signal)).sessions;
  }

  /**
   * Ends sessions; returns how many, and whether the current one is among them. Throws also `session_not_found`,
   * `outcome_unknown`.
   */
  async end(which: EndedSessions, signal?: AbortSignal): Promise<{ ended: number; thisSession: boolean }> {
    return changing(() => this.#api.ask("POST", "/v1/sessions/end", which, Ended, false, signal));
  }
}
