/** Logins: the ceremony at a server, and the session that it opens here. */
import type { Clock } from "../../base/clock.ts";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { profileServers } from "../../settings/servers.ts";
import type { Settings } from "../../settings/settings.ts";
import type { VouchSession } from "../../vouch-client/session.ts";
import type { Reply, routes } from "../protocol.ts";
import type {
  LoginBrowserFinishRequest,
  LoginBrowserStartRequest,
  LoginFinishRequest,
  LoginStartRequest,
} from "../requests.ts";
import { connectAhead } from "../tokens/preconnect.ts";
import { type TokenLimits, Tokens } from "../tokens/tokens.ts";
import type { Ceremonies } from "./ceremonies.ts";
import { revokeLimitMs, Session } from "./session.ts";
import { SessionCredentials } from "./session-credentials.ts";
import { loginPlace, type OpenSession, type Sessions } from "./sessions.ts";
import { takeOver } from "./take-over.ts";

export interface LoginsOptions {
  ceremonies: Ceremonies;
  clock: Clock;
  env: Environment;
  sessions: Sessions;
  /** The current settings. Throws as `SettingsFile.current`. */
  settings: () => Settings;
  tokenLimits: TokenLimits | undefined;
  /** A session is open; `device`: the path of the key that opened it, undefined if unknown. */
  onOpened: (opened: OpenSession, device: string | undefined) => void;
}

/** Both clocks, read before the server is asked. */
type Start = ConstructorParameters<typeof Session>[2];

export class Logins {
  readonly #options: LoginsOptions;

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** At the server that is named, else at that of the settings. Throws `settings_missing` when there is none. */
  async start(request: LoginStartRequest): Promise<Reply<typeof routes.loginStart>> {
    return this.#options.ceremonies.startLogin(this.#server(request));
  }

  /** As `start`, in the browser. Throws also as `Ceremonies.startBrowserLogin`. */
  async startInBrowser(request: LoginBrowserStartRequest): Promise<Reply<typeof routes.loginBrowserStart>> {
    return this.#options.ceremonies.startBrowserLogin(this.#server(request), request.redirectUri);
  }

  /**
   * Replaces a session at the same server that has not ended yet; of the same person it keeps the tokens until they end,
   * so that nothing waits. Throws as `Ceremonies.finishLogin`.
   */
  async finish(request: LoginFinishRequest): Promise<Reply<typeof routes.loginFinish>> {
    const start = this.#now();
    return this.#open(await this.#options.ceremonies.finishLogin(request), start, request.device);
  }

  /** As `finish`, for a code. Throws as `Ceremonies.finishBrowserLogin`. */
  async finishInBrowser(request: LoginBrowserFinishRequest): Promise<Reply<typeof routes.loginBrowserFinish>> {
    const start = this.#now();
    return this.#open(await this.#options.ceremonies.finishBrowserLogin(request), start);
  }

  #now(): Start {
    return { now: this.#options.clock.now(), elapsed: this.#options.clock.elapsed() };
  }

  #server(request: LoginStartRequest): string {
    const settings = this.#options.settings();
    const server = request.server ?? settings.server?.url;
    if (server !== undefined) {
      void connectAhead(settings, this.#options.env);
      return server;
    }
    throw new VouchError("settings_missing", "No Vouch server is configured.", {
      hint: "Run `vouch enroll --server URL`, or `vouch login --server URL` when your security key is enrolled already.",
    });
  }

  #open(identity: VouchSession, start: Start, device?: string): Reply<typeof routes.loginFinish> {
    const { clock, env, sessions, tokenLimits, onOpened } = this.#options;
    const { server } = identity;
    const settings = this.#options.settings();
    const isDefault = !profileServers(settings).has(server);
    const session = new Session(identity, clock, start, loginPlace(isDefault ? undefined : server, settings));
    const tokens = new Tokens(new SessionCredentials(session, clock, env), clock, env, tokenLimits);
    const opened = { server, session, tokens, ...(isDefault ? { before: { server: settings.server?.url } } : {}) };
    const replaced = sessions.begin(opened, settings);
    if (replaced) {
      takeOver(replaced, opened, settings);
      void replaced.session.revoke(revokeLimitMs);
    }
    onOpened(opened, device);
    return { user: session.user, expiration: session.expiration };
  }
}
