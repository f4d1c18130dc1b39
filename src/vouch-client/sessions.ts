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
const Sessions = v.object({
  sessions: v.pipe(v.array(OwnSession), v.maxLength(10_000)),
  /** Where the next page begins; absent in the last one, and from an older server, which sends all at once. */
  next: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f-]{1,64}$/))),
});
/** Pages that are read at most: a server must not keep the agent at it for ever. */
const maxPages = 20;
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

  /** Lists the sessions, the oldest first: ten thousand at most. */
  async list(signal?: AbortSignal): Promise<OwnSession[]> {
    const found = new Map<string, OwnSession>();
    let after = "";
    for (let page = 0; page < maxPages; page++) {
      const path = `/v1/sessions${after === "" ? "" : `?after=${after}`}`;
      const { sessions, next } = await this.#api.ask("GET", path, undefined, Sessions, true, signal);
      // A page may begin with sessions that the one before had.
      for (const each of sessions) found.set(each.id, each);
      if (next === undefined) break;
      after = next;
    }
    return [...found.values()];
  }

  /**
   * Ends sessions; returns how many, and whether the current one is among them. Throws also `session_not_found`,
   * `outcome_unknown`.
   */
  async end(which: EndedSessions, signal?: AbortSignal): Promise<{ ended: number; thisSession: boolean }> {
    return changing(() => this.#api.ask("POST", "/v1/sessions/end", which, Ended, false, signal));
  }
}
