/** What the agent knows and does: one session at most, its tokens, and an answer to each question of the protocol. */
import packageJson from "../../package.json" with { type: "json" };
import { findRegistry } from "../config/registries.ts";
import type { RepositorySettings, Settings } from "../config/settings.ts";
import { VouchError } from "../errors.ts";
import { Ceremonies } from "./ceremonies.ts";
import { type Clock, systemClock } from "./clock.ts";
import { connectAhead } from "./connections.ts";
import { log } from "./log.ts";
import type {
  EnrollFinishReply,
  EnrollFinishRequest,
  EnrollStartReply,
  EnrollStartRequest,
  LoginFinishReply,
  LoginFinishRequest,
  LoginStartReply,
  LogoutReply,
  MatchReply,
  MatchRequest,
  PackageFormat,
  RegistryToken,
  RepositoryEndpointReply,
  RepositoryEndpointRequest,
  StatusReply,
  TokenReply,
  TokenRequest,
  TokensReply,
  TokensRequest,
} from "./protocol.ts";
import { RememberedAnswers } from "./remembered-answers.ts";
import { type EndReason, notLoggedIn, Session } from "./session.ts";
import { SettingsFile } from "./settings-file.ts";
import { SessionTokens } from "./tokens.ts";

/** How long logout waits for the server to confirm, in milliseconds. */
const revokeLimitMs = 5_000;

export interface AgentOptions {
  clock?: Clock;
  settings?: SettingsFile;
  /** Endpoints, proxies and private certificate authorities, as AWS tools name them. */
  env?: Record<string, string | undefined>;
  /** Takes one line for the log; by default it goes to stderr. */
  log?: (message: string) => void;
}

export class Agent {
  readonly #clock: Clock;
  readonly #settings: SettingsFile;
  readonly #env: Record<string, string | undefined>;
  readonly #ceremonies: Ceremonies;
  readonly #log: (message: string) => void;
  readonly #startedAt: number;
  #current: { session: Session; tokens: SessionTokens; answers?: RememberedAnswers } | undefined;
  #ended: EndReason | undefined;

  constructor(options: AgentOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#env = options.env ?? process.env;
    this.#settings = options.settings ?? new SettingsFile();
    this.#log = options.log ?? log;
    this.#ceremonies = new Ceremonies(this.#clock, this.#env);
    this.#startedAt = this.#seconds();
  }

  /** The session's state and what is configured. No secret is in it. */
  status(): StatusReply {
    this.forgetWhatEnded();
    const settings = this.#settings.current();
    const current = this.#current;
    const roleExpiration = current?.tokens.roleExpiration(settings);
    return {
      version: packageJson.version,
      pid: process.pid,
      startedAt: this.#startedAt,
      ...(settings.server ? { server: settings.server.url } : {}),
      ...(current ? { session: { user: current.session.user, expiration: current.session.expiration } } : {}),
      ...(this.#ended ? { ended: this.#ended } : {}),
      ...(settings.aws && roleExpiration !== undefined
        ? { role: { arn: settings.aws.roleArn, expiration: roleExpiration } }
        : {}),
      repositories: settings.repositories.map((repository) =>
        describe(repository, current?.tokens.state(repository, settings)),
      ),
    };
  }

  /** What was answered in this session under the settings as they are now; undefined without a session. Throws as `SettingsFile.current`. */
  get answers(): RememberedAnswers | undefined {
    this.forgetWhatEnded();
    const settings = this.#settings.current();
    const current = this.#current;
    if (current && current.answers?.settings !== settings) {
      current.answers = new RememberedAnswers(settings, this.#clock);
    }
    return current?.answers;
  }

  /** Throws `not_configured` for any other URL, `login_needed`, `session_expired`, and what the chain throws. */
  async token(request: TokenRequest): Promise<TokenReply> {
    const settings = this.#settings.current();
    const { repository, endpoint } = findConfigured(settings, request);
    const { token, expiration } = await this.#tokens().token(repository, settings);
    return { token: token.expose(), expiration, endpoint };
  }

  /** The tokens of all configured repositories. One that fails does not take the others with it; all failing throws. */
  async tokens({ format }: TokensRequest): Promise<TokensReply> {
    const settings = this.#settings.current();
    const wanted = settings.repositories.filter((repository) => format === undefined || repository.endpoints[format]);
    if (wanted.length === 0) return { registries: [] };
    const tokens = this.#tokens();
    const results = await Promise.allSettled(wanted.map((repository) => tokens.token(repository, settings)));
    const registries: RegistryToken[] = [];
    const failed: NonNullable<TokensReply["failed"]> = [];
    let first: TokensReply["default"];
    for (const [index, result] of results.entries()) {
      const repository = wanted[index]!;
      const endpoints = Object.entries(definedEndpoints(repository)).filter(([name]) => !format || name === format);
      if (result.status === "rejected") {
        const error = VouchError.from(result.reason).toWire();
        failed.push(...endpoints.map(([, endpoint]) => ({ endpoint, error })));
        continue;
      }
      const token = result.value.token.expose();
      const { expiration } = result.value;
      registries.push(
        ...endpoints.map(([name, endpoint]) => ({ format: name as PackageFormat, endpoint, token, expiration })),
      );
      if (repository === settings.repositories[0]) first = { token, expiration };
    }
    const failure = results.find((result) => result.status === "rejected");
    if (failure && failed.length > 0 && registries.length === 0) throw failure.reason;
    return { registries, ...(first ? { default: first } : {}), ...(failed.length > 0 ? { failed } : {}) };
  }

  match({ urls, format }: MatchRequest): MatchReply {
    const settings = this.#settings.current();
    return { configured: urls.map((url) => findRegistry(settings, url, format) !== undefined) };
  }

  /** Throws as `SessionTokens.repositoryEndpoint`, and `login_needed`. */
  async repositoryEndpoint(request: RepositoryEndpointRequest): Promise<RepositoryEndpointReply> {
    const settings = this.#settings.current();
    return { endpoint: await this.#tokens().repositoryEndpoint(request, settings) };
  }

  async enrollStart(request: EnrollStartRequest): Promise<EnrollStartReply> {
    return this.#ceremonies.startEnrollment(request);
  }

  async enrollFinish(request: EnrollFinishRequest): Promise<EnrollFinishReply> {
    return this.#ceremonies.finishEnrollment(request);
  }

  /** Throws `settings_missing` when no server is configured. */
  async loginStart(): Promise<LoginStartReply> {
    const settings = this.#settings.current();
    const { server } = settings;
    if (server) {
      void connectAhead(settings, this.#env);
      return this.#ceremonies.startLogin(server.url);
    }
    throw new VouchError("settings_missing", "No Vouch server is configured.", {
      hint: "Run `vouch enroll --server URL`.",
    });
  }

  /** Replaces a session that lasts still. The tokens of the configured repositories are then fetched in the background. */
  async loginFinish(request: LoginFinishRequest): Promise<LoginFinishReply> {
    const start = { now: this.#clock.now(), elapsed: this.#clock.elapsed() };
    const session = new Session(await this.#ceremonies.finishLogin(request), this.#clock, start);
    void this.#current?.session.revoke(revokeLimitMs);
    this.#current = { session, tokens: new SessionTokens(session, this.#clock, this.#env) };
    this.#ended = undefined;
    this.#log(`logged in: ${session.user}, until ${new Date(session.expiration * 1000).toISOString()}`);
    void this.#fetchAhead(() => true);
    return { user: session.user, expiration: session.expiration };
  }

  /** Forgets the session and all that came from it, then tells the server. */
  async logout(): Promise<LogoutReply> {
    this.forgetWhatEnded();
    const session = this.#current?.session;
    if (!session) return { wasLoggedIn: false, revoked: false };
    const revoked = session.revoke(revokeLimitMs);
    this.forgetWhatEnded();
    return { wasLoggedIn: true, revoked: await revoked };
  }

  /** Drops the session with its tokens when it has ended, by whatever. To be called now and then. */
  forgetWhatEnded(): void {
    const ended = this.#current?.session.ended;
    if (ended === undefined) return;
    this.#current = undefined;
    this.#ended = ended;
    this.#log(`the session has ended: ${ended}`);
  }

  /** Fetches anew what is held and ends soon, before anybody asks for it. To be called now and then. */
  async renew(): Promise<void> {
    const tokens = this.#current?.tokens;
    if (!tokens) return;
    await this.#fetchAhead((repository, settings) => tokens.state(repository, settings).expiration !== undefined);
  }

  async #fetchAhead(wanted: (repository: RepositorySettings, settings: Settings) => boolean): Promise<void> {
    try {
      const settings = this.#settings.current();
      const repositories = settings.repositories.filter((repository) => wanted(repository, settings));
      const tokens = this.#tokens();
      await Promise.allSettled(repositories.map((repository) => tokens.token(repository, settings)));
    } catch (error) {
      // Who asks is told; nobody has asked yet.
      this.#log(`nothing was fetched ahead: ${VouchError.from(error).message}`);
    }
  }

  #tokens(): SessionTokens {
    this.forgetWhatEnded();
    if (!this.#current) throw notLoggedIn(this.#ended);
    return this.#current.tokens;
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

function findConfigured(
  settings: Settings,
  request: TokenRequest,
): { repository: RepositorySettings; endpoint: string } {
  if (request.url !== undefined) {
    const found = findRegistry(settings, request.url, request.format);
    if (found) return found;
    throw new VouchError("not_configured", "This URL is not one that Vouch was set up for.", {
      hint: "Run `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`.",
    });
  }
  const [repository] = settings.repositories;
  if (repository) {
    const endpoints = definedEndpoints(repository);
    const endpoint = request.format ? endpoints[request.format] : Object.values(endpoints)[0];
    if (endpoint !== undefined) return { repository, endpoint };
  }
  throw new VouchError("not_configured", "No repository is configured.", {
    hint: "Run `vouch setup codeartifact --domain DOMAIN --repository REPOSITORY`.",
  });
}

function definedEndpoints({ endpoints }: RepositorySettings): Partial<Record<PackageFormat, string>> {
  return Object.fromEntries(Object.entries(endpoints).filter(([, endpoint]) => endpoint !== undefined));
}

function describe(
  repository: RepositorySettings,
  state: { expiration?: number; failure?: VouchError } = {},
): StatusReply["repositories"][number] {
  const { domain, domainOwner, region, repository: name } = repository;
  return {
    domain,
    domainOwner,
    region,
    repository: name,
    endpoints: definedEndpoints(repository),
    ...(state.expiration === undefined ? {} : { tokenExpiration: state.expiration }),
    ...(state.failure === undefined ? {} : { error: state.failure.toWire() }),
  };
}
