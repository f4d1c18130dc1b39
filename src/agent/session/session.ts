/** One session, from login to its end by time, logout or revocation at the server. */
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../base/errors.ts";
import type { IdToken } from "../../aws/web-identity.ts";
import type { AnnouncedBody } from "../../announced/body.ts";
import type { VouchSession } from "../../vouch-client/session.ts";
import type { Clock } from "../../base/clock.ts";
import type { EndReason, OwnSession, SecurityKey } from "../wire/reply-parts.ts";
import { happenings } from "../end-on/causes.ts";
import type { SessionsEndRequest } from "../requests.ts";

/** Where a session belongs, for errors. */
export interface LoginPlace {
  /** The server's URL, where it is not the default one. */
  server?: string;
  /** The command that opens a session there. */
  command: string;
}

/** How long the end of a session waits for the server to confirm, in milliseconds. */
export const revokeLimitMs = 5_000;

export class Session {
  readonly user: string;
  readonly place: LoginPlace;
  /** When it ends: seconds since 1970. */
  readonly expiration: number;
  /** How long it was to last when it began, in seconds. */
  readonly lifetimeSeconds: number;
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #aborted = new AbortController();
  #identity: VouchSession | undefined;
  #ended: EndReason | undefined;

  /** `start`: both clocks before the server was asked, so that the session never ends late. */
  constructor(identity: VouchSession, clock: Clock, start: { now: number; elapsed: number }, place: LoginPlace) {
    this.place = place;
    this.user = identity.user;
    this.lifetimeSeconds = identity.lifetimeSeconds;
    this.expiration = Math.floor(start.now / 1000) + identity.lifetimeSeconds;
    this.#deadline = start.elapsed + identity.lifetimeSeconds * 1000;
    this.#identity = identity;
    this.#clock = clock;
  }

  /** Aborted when the session ends, with everything that depends on it. */
  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  /** Why it has ended; undefined while it lasts. */
  get ended(): EndReason | undefined {
    if (this.#ended === undefined && this.secondsLeft() <= 0) this.end("expired");
    return this.#ended;
  }

  /**
   * The remaining time in seconds, the lesser of two clocks: the wall clock may be set back, and neither that nor sleep
   * may extend a session.
   */
  secondsLeft(): number {
    const byWall = this.expiration * 1000 - this.#clock.now();
    const byUptime = this.#deadline - this.#clock.elapsed();
    return Math.max(0, Math.min(byWall, byUptime) / 1000);
  }

  /** Throws `session_expired` or `login_needed` if it has ended. */
  check(): void {
    if (this.ended !== undefined) throw notLoggedIn(this.ended, this.place);
  }

  /** An ID token from the server. Throws as `ask`. */
  async idToken(): Promise<IdToken> {
    return this.ask((identity) => identity.idToken(this.signal));
  }

  /** The security keys of the user, in the order in which they were enrolled. Throws as `ask` and `VouchKeys.list`. */
  async keys(): Promise<SecurityKey[]> {
    return this.ask(({ keys }) => keys.list(this.signal));
  }

  /** What the server announces to the laptops of the user, and its URL. Throws as `ask` and `VouchSession.announced`. */
  async announced(): Promise<{ server: string; announced?: AnnouncedBody }> {
    return this.ask(async (identity) => {
      const announced = await identity.announced(this.signal);
      return { server: identity.server, ...(announced === undefined ? {} : { announced }) };
    });
  }

  /** The live sessions of the user, here and elsewhere. Throws as `ask` and `VouchSessions.list`. */
  async sessions(): Promise<OwnSession[]> {
    return this.ask(({ sessions }) => sessions.list(this.signal));
  }

  /** Ends sessions of the user at the server. Throws as `ask` and `VouchSessions.end`. */
  async endSessions(which: SessionsEndRequest): Promise<{ ended: number; thisSession: boolean }> {
    return this.ask(({ sessions }) => sessions.end(which, this.signal));
  }

  /**
   * Asks the server with the session's credentials; if the server reports its end, the session ends here as well.
   * Throws `session_expired`, `login_needed`, and the errors of `question`.
   */
  async ask<T>(question: (identity: VouchSession) => Promise<T>): Promise<T> {
    if (this.ended !== undefined || this.#identity === undefined) throw notLoggedIn(this.ended, this.place);
    try {
      return await question(this.#identity);
    } catch (error) {
      if (error instanceof VouchError && error.code === "outcome_unknown") throw error;
      if (error instanceof VouchError && error.code === "session_expired") this.end("expired");
      if (error instanceof VouchError && error.code === "login_needed") this.end("revoked");
      // The session's end aborts pending requests: report the end instead of the abort.
      if (error instanceof VouchError && error.code === "cancelled" && this.ended)
        throw notLoggedIn(this.ended, this.place);
      // The server's hint knows nothing of the other servers.
      if (this.#ended !== undefined && this.place.server !== undefined) throw notLoggedIn(this.#ended, this.place);
      throw error;
    }
  }

  /** Forgets the session's key and access token and aborts what depends on it. */
  end(reason: EndReason): void {
    this.#ended ??= reason;
    this.#identity = undefined;
    this.#aborted.abort();
  }

  /**
   * Ends the session here at once, then at the server. Resolves with whether the server confirmed it within `limitMs`; with
   * `isRepeated` an unreachable one is asked again until then.
   */
  async revoke(limitMs: number, reason: EndReason = "logged_out", isRepeated = false): Promise<boolean> {
    const identity = this.#identity;
    this.end(reason);
    if (identity === undefined) return false;
    const timer = new AbortController();
    // Beside the request's own limit: one that is sent again, as after a correction of the clock, has that anew.
    const late = sleep(limitMs, false, { signal: timer.signal, ref: false }).catch(() => false);
    try {
      return await Promise.race([identity.revoke(limitMs, isRepeated).then(() => true), late]);
    } catch {
      // If the server was not reached, it ends the session by time; without the deleted key, the access token is
      // useless.
      return false;
    } finally {
      timer.abort();
    }
  }
}

/** The error for a request without a session; `ended` is the reason. */
export function notLoggedIn(ended: EndReason | undefined, { server, command }: LoginPlace): VouchError {
  const hint = `Run \`${command}\`.`;
  const at = server === undefined ? "" : ` at ${server}`;
  switch (ended) {
    case "expired":
      return new VouchError("session_expired", `The session${at} has expired.`, { hint });
    case "revoked":
      return new VouchError("login_needed", `Not logged in${at}: the server ended the session.`, { hint });
    case "locked":
    case "suspended":
    case "key_removed":
      return new VouchError("login_needed", `The session${at} ended when ${happenings[ended]}.`, { hint });
    default:
      return new VouchError("login_needed", `Not logged in${at}.`, { hint });
  }
}
