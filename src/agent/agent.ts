/** The agent's state: at most one session, its tokens, the settings, and the open ceremonies. */
import type { Environment } from "../base/environment.ts";
import type { RepositorySettings, Settings } from "../settings/settings.ts";
import { buildInfo } from "../base/build-info.ts";
import { VouchError } from "../base/errors.ts";
import { Ceremonies } from "./session/ceremonies.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { connectAhead } from "./tokens/preconnect.ts";
import { log, logState } from "./process/log.ts";
import { describeRepository } from "./tokens/described-repository.ts";
import type { TokenSource } from "./tokens/lookup.ts";
import { networkVariables } from "./process/network-variables.ts";
import type { EndReason, Reply, routes, StatusReply } from "./protocol.ts";
import type { LoginFinishRequest, LoginStartRequest } from "./requests.ts";
import { RememberedAnswers } from "./wire/response-cache.ts";
import { SessionCredentials } from "./session/session-credentials.ts";
import { notLoggedIn, Session } from "./session/session.ts";
import { SettingsFile } from "./tokens/settings-file.ts";
import { type TokenLimits, Tokens } from "./tokens/tokens.ts";

/** Why a session ended, for the log. */
const endedWords = {
  expired: "its time is over",
  revoked: "the server has ended it",
  logged_out: "the user has logged out",
};

/** How long logout waits for the server to confirm, in milliseconds. */
const revokeLimitMs = 5_000;

export interface AgentOptions {
  clock?: Clock;
  settings?: SettingsFile;
  /** Environment: endpoints, proxies and private certificate authorities, under the names of AWS tools. */
  env?: Environment;
  /** The limits on the chain of calls behind one token. */
  tokenLimits?: TokenLimits | undefined;
  /** Receives one line for the log; by default it goes to stderr. */
  log?: (message: string) => void;
  /** Called each time a session has ended. */
  onEnd?: (reason: EndReason) => void;
  /** Called when a stop or a restart is requested, before the answer. */
  onStop?: () => void;
  onRestart?: () => void;
  /** Why the previous session ended, before this agent's process was replaced. */
  ended?: EndReason;
}

export class Agent implements TokenSource {
  readonly ceremonies: Ceremonies;
  readonly #clock: Clock;
  readonly #settings: SettingsFile;
  readonly #env: Environment;
  readonly #log: (message: string) => void;
  readonly #startedAt: number;
  readonly #tokenLimits: TokenLimits | undefined;
  readonly #onEnd: AgentOptions["onEnd"];
  readonly #onStop: AgentOptions["onStop"];
  readonly #onRestart: AgentOptions["onRestart"];
  #current: { session: Session; tokens: Tokens; answers?: RememberedAnswers } | undefined;
  #ended: EndReason | undefined;

  constructor(options: AgentOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#env = options.env ?? process.env;
    this.#settings = options.settings ?? new SettingsFile();
    this.#log = options.log ?? log;
    this.#onEnd = options.onEnd;
    this.#onStop = options.onStop;
    this.#onRestart = options.onRestart;
    this.#ended = options.ended;
    this.ceremonies = new Ceremonies(this.#clock, this.#env);
    this.#startedAt = this.#seconds();
    this.#tokenLimits = options.tokenLimits;
  }

  /** The session's state and what is configured. No secret is in it. */
  status(): StatusReply {
    this.forgetWhatEnded();
    const settings = this.#settings.current();
    const current = this.#current;
    const roleExpiration = current?.tokens.roleExpiration(settings);
    const logged = logState();
    return {
      version: buildInfo.version,
      ...(buildInfo.build === undefined ? {} : { build: buildInfo.build }),
      pid: process.pid,
      startedAt: this.#startedAt,
      settings: this.#settings.path,
      network: networkVariables(this.#env),
      ...(logged ? { log: logged } : {}),
      ...(settings.server ? { server: settings.server.url } : {}),
      ...(current ? { session: { user: current.session.user, expiration: current.session.expiration } } : {}),
      ...(this.#ended ? { ended: this.#ended } : {}),
      ...(settings.aws && roleExpiration !== undefined
        ? { role: { arn: settings.aws.roleArn, expiration: roleExpiration } }
        : {}),
      repositories: settings.repositories.map((repository) =>
        describeRepository(repository, settings, current?.tokens),
      ),
    };
  }

  /**
   * The response cache of this session under the current settings; undefined without a session. Throws as
   * `SettingsFile.current`.
   */
  get answers(): RememberedAnswers | undefined {
    this.forgetWhatEnded();
    const settings = this.#settings.current();
    const current = this.#current;
    if (current && current.answers?.settings !== settings) {
      current.answers = new RememberedAnswers(settings, this.#clock);
    }
    return current?.answers;
  }

  /** The current settings. Throws as `SettingsFile.current`. */
  settings(): Settings {
    return this.#settings.current();
  }

  /** The session's tokens. Throws `login_needed`, `session_expired`. */
  tokens(): Tokens {
    return this.#live().tokens;
  }

  /** Throws `login_needed`, `session_expired`. */
  session(): Session {
    return this.#live().session;
  }

  /** At the server that is named, else at that of the settings. Throws `settings_missing` when there is none. */
  async startLogin(request: LoginStartRequest): Promise<Reply<typeof routes.loginStart>> {
    const settings = this.#settings.current();
    const server = request.server ?? settings.server?.url;
    if (server !== undefined) {
      void connectAhead(settings, this.#env);
      return this.ceremonies.startLogin(server);
    }
    throw new VouchError("settings_missing", "No Vouch server is configured.", {
      hint: "Run `vouch enroll --server URL`, or `vouch login --server URL` when your security key is enrolled already.",
    });
  }

  /**
   * Replaces a session that has not ended yet. Prefetches the tokens of the configured repositories in the background.
   */
  async finishLogin(request: LoginFinishRequest): Promise<Reply<typeof routes.loginFinish>> {
    const start = { now: this.#clock.now(), elapsed: this.#clock.elapsed() };
    const session = new Session(await this.ceremonies.finishLogin(request), this.#clock, start);
    void this.#current?.session.revoke(revokeLimitMs);
    const source = new SessionCredentials(session, this.#clock, this.#env);
    this.#current = { session, tokens: new Tokens(source, this.#clock, this.#env, this.#tokenLimits) };
    this.#ended = undefined;
    this.#log(`logged in: ${session.user}, until ${new Date(session.expiration * 1000).toISOString()}`);
    void this.#fetchAhead(() => true);
    return { user: session.user, expiration: session.expiration };
  }

  /** Forgets the session and everything derived from it, then revokes it at the server. */
  async logout(): Promise<Reply<typeof routes.logout>> {
    this.forgetWhatEnded();
    const session = this.#current?.session;
    if (!session) return { wasLoggedIn: false, revoked: false };
    const revoked = session.revoke(revokeLimitMs);
    this.forgetWhatEnded();
    return { wasLoggedIn: true, revoked: await revoked };
  }

  /** Asks the agent's owner to stop it. */
  stop(): void {
    this.#onStop?.();
  }

  /** Asks the agent's owner to replace it by a new one in the same process. */
  restart(): void {
    this.#onRestart?.();
  }

  /** Drops the session and its tokens if it has ended, for any reason. */
  forgetWhatEnded(): void {
    const ended = this.#current?.session.ended;
    if (ended === undefined) return;
    this.#current = undefined;
    this.#ended = ended;
    this.#log(`the session has ended: ${endedWords[ended]}`);
    this.#onEnd?.(ended);
  }

  /** Periodic work: drops what has ended, renews what ends soon. Called by a timer. */
  watch(): void {
    this.forgetWhatEnded();
    void this.renew();
  }

  /** Renews held values that end soon, before a request needs them. */
  async renew(): Promise<void> {
    const tokens = this.#current?.tokens;
    if (!tokens) return;
    await this.#fetchAhead((repository, settings) => tokens.state(repository, settings)?.expiration !== undefined);
  }

  async #fetchAhead(wanted: (repository: RepositorySettings, settings: Settings) => boolean): Promise<void> {
    try {
      const settings = this.#settings.current();
      const repositories = settings.repositories.filter((repository) => wanted(repository, settings));
      const tokens = this.tokens();
      await Promise.allSettled(repositories.map((repository) => tokens.token(repository, settings)));
    } catch (error) {
      // Background prefetch: errors go to the log only.
      this.#log(`nothing was fetched ahead: ${VouchError.from(error).message}`);
    }
  }

  #live(): { session: Session; tokens: Tokens } {
    this.forgetWhatEnded();
    if (!this.#current) throw notLoggedIn(this.#ended);
    return this.#current;
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}
