/** The agent's state: the sessions with their tokens, the settings, and the open ceremonies. */
import type { Environment } from "../base/environment.ts";
import type { RepositorySettings, Settings } from "../settings/settings.ts";
import { VouchError } from "../base/errors.ts";
import { Ceremonies } from "./session/ceremonies.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { AgentOptions } from "./agent-options.ts";
import { Guests } from "./guests/guests.ts";
import { log } from "./process/log.ts";
import type { Asker, TokenSource } from "./tokens/lookup.ts";
import { Publishing } from "./publishing/publishing.ts";
import type { Who } from "./record/askers.ts";
import { Record } from "./record/record.ts";
import { publishTargets } from "./publishing/targets.ts";
import type { Peer } from "./wire/peer.ts";
import type { Reply, routes, StatusReply } from "./protocol.ts";
import type { LogoutRequest, PublishStartRequest } from "./requests.ts";
import type { Place } from "../settings/roles.ts";
import { RememberedAnswers } from "./wire/response-cache.ts";
import { describeAgent } from "./session/described-agent.ts";
import { Logins } from "./session/logins.ts";
import { revokeLimitMs, type Session } from "./session/session.ts";
import { ChosenEnds } from "./session/chosen-ends.ts";
import { endedForLog } from "./session/ended-for-log.ts";
import { EndNotice } from "./session/end-notice.ts";
import { type EndedSession, type OpenSession, Sessions } from "./session/sessions.ts";
import { GivenOut } from "./tokens/given-out.ts";
import { ReportedFailures } from "./tokens/cache/reported-failures.ts";
import { serverOf } from "../settings/servers.ts";
import { fetchAhead, type Wanted } from "./session/fetch-ahead.ts";
import { SettingsFile } from "./tokens/settings-file.ts";
import type { TokenLimits, Tokens } from "./tokens/tokens.ts";

export class Agent implements TokenSource {
  readonly ceremonies: Ceremonies;
  readonly logins: Logins;
  readonly publishing: Publishing;
  readonly record: Record;
  readonly given: GivenOut;
  readonly guests: Guests;
  readonly #clock: Clock;
  readonly #settings: SettingsFile;
  readonly #env: Environment;
  readonly #log: (message: string) => void;
  readonly #startedAt: number;
  readonly #tokenLimits: TokenLimits | undefined;
  readonly #onEnd: AgentOptions["onEnd"];
  readonly #onStop: AgentOptions["onStop"];
  readonly #onRestart: AgentOptions["onRestart"];
  readonly #sessions: Sessions;
  readonly #endNotice: EndNotice;
  readonly #ends: ChosenEnds;
  #answers: RememberedAnswers | undefined;
  #reported: ReportedFailures;

  constructor(options: AgentOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#env = options.env ?? process.env;
    this.#settings = options.settings ?? new SettingsFile();
    this.#log = options.log ?? log;
    this.guests = new Guests(this.#clock, this.#log);
    this.#onEnd = options.onEnd;
    this.#onStop = options.onStop;
    this.#onRestart = options.onRestart;
    this.#sessions = new Sessions(options.ended);
    this.#reported = new ReportedFailures(this.#clock);
    this.#endNotice = new EndNotice(this.#clock, (notification) => options.notify?.(notification));
    this.ceremonies = new Ceremonies(this.#clock, this.#env);
    this.#startedAt = this.#seconds();
    this.given = new GivenOut(this.#clock, options.given);
    this.#tokenLimits = { ...options.tokenLimits, onToken: (token) => this.given.remember(token) };
    this.record = new Record(this.#clock, options);
    this.#ends = new ChosenEnds({
      clock: this.#clock,
      env: this.#env,
      listKeys: options.listKeys ?? (() => Promise.resolve([])),
      sessions: this.#sessions,
      settings: () => this.#readSettings().settings,
      record: this.record,
      notify: (notification) => options.notify?.(notification),
      log: this.#log,
      onEnded: () => this.forgetWhatEnded(),
      onTold: () => this.#endIfEmpty(),
    });
    this.logins = new Logins({
      ceremonies: this.ceremonies,
      clock: this.#clock,
      env: this.#env,
      sessions: this.#sessions,
      settings: () => this.#settings.current(),
      tokenLimits: this.#tokenLimits,
      onOpened: (opened, device) => this.#opened(opened, device),
    });
    this.publishing = new Publishing(this.#clock, this.#env, this.#tokenLimits);
  }

  /** Who has connected, at which guest's socket; to be called before anything is read: it may end at any time. */
  who(descriptor: number, peer: Peer, guest?: string): Who {
    const who = this.record.who(descriptor, peer, this.#readSettings().settings);
    return guest === undefined ? who : { ...who, guest: { name: guest, uid: peer.uid } };
  }

  /** The session's state and what is configured. No secret is in it. */
  status(): StatusReply {
    this.forgetWhatEnded();
    this.#ends.follow();
    return describeAgent({
      sessions: this.#sessions,
      read: this.#readSettings(),
      settingsPath: this.#settings.path,
      env: this.#env,
      startedAt: this.#startedAt,
      askedToday: this.record.programs.today(this.#clock.now()),
      endOn: this.#ends.states,
    });
  }

  /**
   * The response cache of these sessions under the current settings; undefined without a session. Throws as
   * `SettingsFile.current`.
   */
  get answers(): RememberedAnswers | undefined {
    this.forgetWhatEnded();
    const settings = this.#settings.current();
    if (this.#sessions.all.length === 0) return undefined;
    if (this.#answers?.settings !== settings) this.#answers = new RememberedAnswers(settings, this.#clock);
    return this.#answers;
  }

  /** The current settings. Throws as `SettingsFile.current`. */
  settings(): Settings {
    return this.#settings.current();
  }

  /** The tokens of the session that leads to the place. Throws `login_needed`, `session_expired`. */
  tokens(place: Place): Tokens {
    return this.#live(serverOf(place.profile, this.#settings.current())).tokens;
  }

  /** The tokens that a touch has given to the asker. Throws `touch_needed`, `login_needed`, `session_expired`. */
  publishTokens(repository: RepositorySettings, { peer, holder }: Asker): Tokens {
    const open = this.#live(serverOf(repository.profile, this.#settings.current()));
    return this.publishing.tokens(repository, open, peer, holder);
  }

  /** Throws `not_configured` where nothing needs a touch, and as `Publishing.start`. */
  async startPublishing(
    request: PublishStartRequest,
    peer: Peer | undefined,
  ): Promise<Reply<typeof routes.publishStart>> {
    const settings = this.#settings.current();
    const repositories = publishTargets(request, settings);
    const open = this.#live(serverOf(repositories[0]!.profile, settings));
    return this.publishing.start(request, { repositories, settings, open }, peer);
  }

  /** Which failures were told to commands that may not need the token. */
  get reported(): ReportedFailures {
    return this.#reported;
  }

  /** The session at the server (URL); without one at the default one. Throws `login_needed`, `session_expired`. */
  session(server?: string): Session {
    return this.#live(server).session;
  }

  /** A session is open; prefetches the tokens of the repositories that it leads to in the background. */
  #opened({ session, tokens }: OpenSession, device: string | undefined): void {
    this.#ends.opened(session, device);
    this.#forgetAnswers();
    this.#log(`logged in: ${session.user}, until ${new Date(session.expiration * 1000).toISOString()}`);
    void this.#fetchAhead((_, its) => its === tokens);
  }

  /**
   * Forgets the session at the server, or all of them, and everything derived from it, then revokes it. Names whether
   * each was revoked.
   */
  async logout({ server }: LogoutRequest = {}): Promise<Reply<typeof routes.logout>> {
    this.forgetWhatEnded();
    const one = server === undefined ? undefined : this.#sessions.at(server, this.#settings.current());
    const ending = server === undefined ? this.#sessions.all : one ? [one] : [];
    const revoked = ending.map(({ session }) => session.revoke(revokeLimitMs));
    this.forgetWhatEnded();
    const confirmed = await Promise.all(revoked);
    const remaining = this.#sessions.all.length;
    return {
      wasLoggedIn: ending.length > 0,
      revoked: ending.length > 0 && confirmed.every(Boolean),
      ...(remaining > 0 ? { remaining } : {}),
    };
  }

  /** Asks the agent's owner to stop it. */
  stop(): void {
    this.#onStop?.();
  }

  /** Asks the agent's owner to replace it by a new one in the same process. */
  restart(): void {
    this.#onRestart?.();
  }

  /** Drops the sessions that have ended, for any reason, with their tokens. */
  forgetWhatEnded(): void {
    this.#ends.check();
    const { settings } = this.#readSettings();
    if (settings) this.#sessions.endOrphans(settings, revokeLimitMs);
    const ended = this.#sessions.forgetEnded(this.#seconds());
    if (ended.length === 0) return;
    this.publishing.sweep();
    this.#forgetAnswers();
    for (const { server, reason } of ended) this.#log(`the session at ${server} has ended: ${endedForLog[reason]}`);
    this.#ends.remember(ended);
    this.#ends.follow();
    this.#endIfEmpty();
  }

  /** Once no session is left, and no server is to be told of one any more. */
  #endIfEmpty(): void {
    if (this.#sessions.all.length === 0 && !this.#ends.isTelling) this.#onEnd?.();
  }

  /** Stops what watches for the end of sessions. */
  close(): void {
    this.#ends.close();
  }

  /** Opens and closes guests as the settings say, and returns all. Settings that cannot be read change nothing. */
  syncGuests(): Reply<typeof routes.guests> {
    const { settings } = this.#readSettings();
    if (settings !== undefined) this.guests.sync(settings);
    return this.guests.described;
  }

  /** Why the last sessions ended. */
  get ended(): readonly EndedSession[] {
    return this.#sessions.ended;
  }

  /** Periodic work: drops what has ended, renews what ends soon. Called by a timer. */
  watch(): void {
    this.forgetWhatEnded();
    this.#ends.follow();
    this.publishing.sweep();
    this.syncGuests();
    if (this.#readSettings().settings?.notifications?.sessionEnd !== false) this.#endNotice.watch(this.#sessions.all);
    void this.renew();
  }

  /** Renews held values that end soon, before a request needs them. */
  async renew(): Promise<void> {
    if (this.#sessions.all.length === 0) return;
    await this.#fetchAhead(
      (repository, tokens, settings) => tokens.state(repository, settings)?.expiration !== undefined,
    );
  }

  /** In the background: errors go to the log only. */
  async #fetchAhead(wanted: Wanted): Promise<void> {
    try {
      await fetchAhead(this.#settings.current(), this.#sessions, wanted);
    } catch (error) {
      this.#log(`nothing was fetched ahead: ${VouchError.from(error).message}`);
    }
  }

  /** What is asked without them (status, logout, stop) is answered also where they cannot be read. */
  #readSettings(): { settings?: Settings; failure?: VouchError } {
    try {
      return { settings: this.#settings.current() };
    } catch (error) {
      return { failure: VouchError.from(error) };
    }
  }

  #live(server: string | undefined): OpenSession {
    this.forgetWhatEnded();
    return this.#sessions.live(server, this.#settings.current());
  }

  #forgetAnswers(): void {
    this.#answers = undefined;
    this.#reported = new ReportedFailures(this.#clock);
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}
