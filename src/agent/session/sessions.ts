/** The agent's sessions, one at each Vouch server at most, each with the tokens that come from it. */
import { defaultAmong, profileServers } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import type { EndReason } from "../protocol.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { type LoginPlace, notLoggedIn, type Session } from "./session.ts";

export interface OpenSession {
  /** The server's URL. */
  server: string;
  session: Session;
  tokens: Tokens;
}

/** Why the last session at a server ended. */
export interface EndedSession {
  server: string;
  reason: EndReason;
}

export class Sessions {
  readonly #open = new Map<string, OpenSession>();
  readonly #ended = new Map<string, EndReason>();

  constructor(ended: readonly EndedSession[] = []) {
    for (const { server, reason } of ended) this.#ended.set(server, reason);
  }

  get all(): OpenSession[] {
    return [...this.#open.values()];
  }

  get ended(): EndedSession[] {
    return Array.from(this.#ended, ([server, reason]) => ({ server, reason }));
  }

  /** Adds a session and returns the one that it replaces: that of the same server, for the default one the default. */
  begin(opened: OpenSession, settings: Settings): OpenSession | undefined {
    const isDefault = !profileServers(settings).has(opened.server);
    const replaced = this.#open.get(opened.server) ?? (isDefault ? this.at(undefined, settings) : undefined);
    if (replaced) this.#open.delete(replaced.server);
    this.#open.set(opened.server, opened);
    this.#ended.delete(opened.server);
    return replaced;
  }

  /** The session at the server; without one at the default one. */
  at(server: string | undefined, settings: Settings): OpenSession | undefined {
    const url = among(this.#open, server, settings);
    return url === undefined ? undefined : this.#open.get(url);
  }

  /** Why there is none at the server, if there was one. */
  endReason(server: string | undefined, settings: Settings): EndReason | undefined {
    const url = among(this.#ended, server, settings);
    return url === undefined ? undefined : this.#ended.get(url);
  }

  /** As `at`. Throws `login_needed`, `session_expired`. */
  live(server: string | undefined, settings: Settings): OpenSession {
    const found = this.at(server, settings);
    if (found) return found;
    throw notLoggedIn(this.endReason(server, settings), loginPlace(server, settings));
  }

  /** Forgets the sessions that have ended, for any reason, with their tokens, and returns them. */
  forgetEnded(): EndedSession[] {
    return this.all.flatMap(({ server, session }) => {
      const reason = session.ended;
      if (reason === undefined) return [];
      this.#open.delete(server);
      // Inserted anew: the last one that ended stands last.
      this.#ended.delete(server);
      this.#ended.set(server, reason);
      return [{ server, reason }];
    });
  }
}

function among(map: ReadonlyMap<string, unknown>, server: string | undefined, settings: Settings): string | undefined {
  const isDefault = server === undefined || server === settings.server?.url;
  return isDefault ? defaultAmong([...map.keys()], settings) : server;
}

/** How to log in at the server; without one at the default one. */
export function loginPlace(server: string | undefined, settings: Settings): LoginPlace {
  if (server === undefined) return { command: "vouch login" };
  const [profile] = profileServers(settings).get(server) ?? [];
  return { server, command: `vouch login ${profile === undefined ? `--server ${server}` : `--for ${profile}`}` };
}
