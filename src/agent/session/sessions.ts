/** The agent's sessions, one at each Vouch server at most, each with the tokens that come from it. */
import { profileServers } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import type { EndReason } from "../wire/reply-parts.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { type LoginPlace, notLoggedIn, type Session } from "./session.ts";

export interface OpenSession {
  /** The server's URL. */
  server: string;
  /**
   * For a login at the default server: the one that the settings named then, or none. Until the command has written what
   * it has learnt, and where the settings stay without a server, this session is the default one.
   */
  before?: { server: string | undefined };
  session: Session;
  tokens: Tokens;
}

/** Why the last session at a server ended. */
export interface EndedSession {
  server: string;
  reason: EndReason;
  /** Whether it was the default one. */
  isDefault: boolean;
  /** When it was noticed: seconds since 1970. */
  at?: number | undefined;
}

export class Sessions {
  readonly #open = new Map<string, OpenSession>();
  readonly #ended = new Map<string, EndedSession>();
  /** The settings that they were compared with last. */
  #known: Settings | undefined;

  constructor(ended: readonly EndedSession[] = []) {
    for (const each of ended) this.#ended.set(each.server, each);
  }

  get all(): OpenSession[] {
    return [...this.#open.values()];
  }

  get ended(): EndedSession[] {
    return [...this.#ended.values()];
  }

  /** Adds a session and returns the one that it replaces: that of the same server, for the default one the default. */
  begin(opened: OpenSession, settings: Settings): OpenSession | undefined {
    const replaced = this.#open.get(opened.server) ?? (opened.before ? this.at(undefined, settings) : undefined);
    if (replaced) this.#open.delete(replaced.server);
    this.#open.set(opened.server, opened);
    this.#ended.delete(opened.server);
    return replaced;
  }

  /** The session at the server; without one at the default one. */
  at(server: string | undefined, settings: Settings): OpenSession | undefined {
    if (server !== undefined && server !== settings.server?.url) return this.#open.get(server);
    return this.all.find((each) => isDefault(each, settings));
  }

  /** Why there is none at the server, if there was one. */
  endReason(server: string | undefined, settings: Settings): EndReason | undefined {
    const url = server ?? settings.server?.url;
    const ended = url === undefined ? this.ended.findLast((each) => each.isDefault) : this.#ended.get(url);
    return ended?.reason;
  }

  /**
   * Ends, once the settings have changed, the sessions that nothing in them leads to any more: no profile names their
   * server, and it is not the default one. `limitMs` is for the server's answer.
   */
  endOrphans(settings: Settings, limitMs: number): void {
    if (settings === this.#known) return;
    this.#known = settings;
    const named = profileServers(settings);
    for (const each of this.all) {
      if (!named.has(each.server) && !isDefault(each, settings)) void each.session.revoke(limitMs);
    }
  }

  /** As `at`. Throws `login_needed`, `session_expired`. */
  live(server: string | undefined, settings: Settings): OpenSession {
    const found = this.at(server, settings);
    if (found) return found;
    throw notLoggedIn(this.endReason(server, settings), loginPlace(server, settings));
  }

  /** Forgets the sessions that have ended, for any reason, with their tokens, and returns them. `at`: now, in seconds. */
  forgetEnded(at?: number): EndedSession[] {
    return this.all.flatMap(({ server, session, before }) => {
      const reason = session.ended;
      if (reason === undefined) return [];
      const ended = { server, reason, isDefault: before !== undefined, at };
      this.#open.delete(server);
      // Inserted anew: the last one that ended stands last.
      this.#ended.delete(server);
      this.#ended.set(server, ended);
      return [ended];
    });
  }
}

function isDefault({ server, before }: OpenSession, settings: Settings): boolean {
  const url = settings.server?.url;
  return server === url || (before !== undefined && before.server === url);
}

/** How to log in at the server; without one at the default one. */
export function loginPlace(server: string | undefined, settings: Settings): LoginPlace {
  if (server === undefined) return { command: "vouch login" };
  const [profile] = profileServers(settings).get(server) ?? [];
  return { server, command: `vouch login ${profile === undefined ? `--server ${server}` : `--for ${profile}`}` };
}
