/**
 * WebAuthn ceremonies (enrolment, login, adding, renaming and removing a key) between the Vouch server and the command line,
 * which performs them with the security key. Each open ceremony can be finished once, within its time limit.
 */
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { VouchServer } from "../../vouch-client/server.ts";
import type { BrowserLogin } from "../../vouch-client/browser-login.ts";
import type { Surroundings } from "../../vouch-client/api.ts";
import type { VouchSession } from "../../vouch-client/session.ts";
import { Secret } from "../../base/secret.ts";
import type { Clock } from "../../base/clock.ts";
import type { Reply, routes } from "../protocol.ts";
import type {
  EnrollFinishRequest,
  EnrollStartRequest,
  KeyAddFinishRequest,
  KeyAddStartRequest,
  KeyChangeFinishRequest,
  KeyRemoveStartRequest,
  KeyRenameStartRequest,
  LoginBrowserFinishRequest,
  LoginFinishRequest,
} from "../requests.ts";
import type { Session } from "./session.ts";

/** How long a ceremony stays open, in milliseconds; the server's own limit is the same. */
const ceremonyMs = 5 * 60_000;
/** Codes that one login in the browser takes: one may be mistyped. */
const maxCodes = 3;
/** Maximum number of open ceremonies; the oldest is dropped. */
const maxOpen = 8;

type OpenCeremony =
  | { kind: "enrollment"; server: VouchServer; code: Secret }
  | { kind: "login"; server: VouchServer }
  | { kind: "browser login"; login: BrowserLogin; refused: number }
  | { kind: "addition"; session: Session }
  | { kind: "renaming"; session: Session; renaming: KeyRenameStartRequest }
  | { kind: "removal"; session: Session; removal: KeyRemoveStartRequest };

export class Ceremonies {
  readonly #clock: Clock;
  readonly #surroundings: Surroundings;
  readonly #open = new Map<string, OpenCeremony & { begunAt: number }>();

  constructor(clock: Clock, env: Environment) {
    this.#clock = clock;
    this.#surroundings = { env, now: () => clock.now() };
  }

  /** Where a server gives people a code for an enrolment. Throws as `VouchServer.singleSignOn`. */
  async enrollmentWays(serverUrl: string): Promise<Reply<typeof routes.enrollWays>> {
    const server = new VouchServer(serverUrl, this.#surroundings);
    const { singleSignOn, announces } = await server.enrollmentWays();
    // The page is the server's own, whatever it says.
    const page = `${server.url}/enroll`;
    return { announces, ...(singleSignOn === undefined ? {} : { singleSignOn: { name: singleSignOn.name, page } }) };
  }

  /** Begins an enrolment at a server. Throws as `VouchServer.enrollOptions`. */
  async startEnrollment(request: EnrollStartRequest): Promise<Reply<typeof routes.enrollStart>> {
    const server = new VouchServer(request.server, this.#surroundings);
    const code = new Secret(request.code);
    const begun = await server.enrollOptions(code, request.name);
    this.#keep(begun.ceremony, { kind: "enrollment", server, code });
    return begun;
  }

  /** Throws `enrollment_denied`, and as `VouchServer.enroll`. */
  async finishEnrollment(request: EnrollFinishRequest): Promise<Reply<typeof routes.enrollFinish>> {
    const open = this.#take(request.ceremony);
    if (open?.kind !== "enrollment") {
      throw new VouchError("enrollment_denied", "The enrolment took longer than five minutes or was not begun here.", {
        hint: "Run `vouch enroll` again.",
      });
    }
    return open.server.enroll({ ...request, code: open.code });
  }

  /** Begins a login at a server. Throws as `VouchServer.loginOptions`. */
  async startLogin(serverUrl: string): Promise<Reply<typeof routes.loginStart>> {
    const server = new VouchServer(serverUrl, this.#surroundings);
    const begun = await server.loginOptions();
    this.#keep(begun.ceremony, { kind: "login", server });
    return { ...begun, server: server.url };
  }

  /** Throws `login_denied`, and as `VouchServer.login`. */
  async finishLogin(request: LoginFinishRequest): Promise<VouchSession> {
    const open = this.#take(request.ceremony);
    if (open?.kind !== "login") {
      throw new VouchError("login_denied", "The login took longer than five minutes or was not begun here.", {
        hint: "Run `vouch login` again.",
        guidedHint: "Run `vouch enroll` again.",
      });
    }
    return open.server.login(request);
  }

  /** Begins a login in the browser at a server. Throws as `VouchServer.browserLogin`. */
  async startBrowserLogin(
    serverUrl: string,
    redirectUri: string | undefined,
  ): Promise<Reply<typeof routes.loginBrowserStart>> {
    const server = new VouchServer(serverUrl, this.#surroundings);
    const login = await server.browserLogin(redirectUri);
    const ceremony = crypto.randomUUID();
    this.#keep(ceremony, { kind: "browser login", login, refused: 0 });
    const { url, state } = login;
    return { ceremony, server: server.url, url, ...(state === undefined ? {} : { state }) };
  }

  /** A code that the server refuses leaves the ceremony open for another. Throws `login_denied`, and as `BrowserLogin.finish`. */
  async finishBrowserLogin({ ceremony, code }: LoginBrowserFinishRequest): Promise<VouchSession> {
    const open = this.#take(ceremony);
    if (open?.kind !== "browser login") {
      throw new VouchError("login_denied", "The login took longer than five minutes or was not begun here.", {
        hint: "Run `vouch login --browser` again.",
      });
    }
    try {
      return await open.login.finish(code);
    } catch (error) {
      const refused = open.refused + 1;
      const isOpen = VouchError.from(error).code === "login_denied" && refused < maxCodes;
      if (isOpen) this.#open.set(ceremony, { ...open, refused });
      throw error;
    }
  }

  /** Begins the addition of a key in the name of a session. Throws as `Session.ask` and `VouchKeys.addOptions`. */
  async startAddition(session: Session, { name }: KeyAddStartRequest): Promise<Reply<typeof routes.keyAddStart>> {
    const begun = await session.ask(async ({ keys }) => ({
      ...(await keys.addOptions(name, session.signal)),
      server: keys.server,
    }));
    this.#keep(begun.ceremony, { kind: "addition", session });
    return begun;
  }

  /** Throws `enrollment_denied`, and as `Session.ask` and `VouchKeys.add`. */
  async finishAddition(request: KeyAddFinishRequest): Promise<Reply<typeof routes.keyAddFinish>> {
    const open = this.#take(request.ceremony);
    if (open?.kind !== "addition") {
      throw new VouchError("enrollment_denied", "The addition took longer than five minutes or was not begun here.", {
        hint: "Run `vouch keys add` again.",
      });
    }
    const { session } = open;
    return { key: await session.ask(({ keys }) => keys.add(request, session.signal)) };
  }

  /** Begins the renaming of a key in the name of a session. Throws as `Session.ask` and `VouchKeys.renameOptions`. */
  async startRenaming(
    session: Session,
    { id, name }: KeyRenameStartRequest,
  ): Promise<Reply<typeof routes.keyRenameStart>> {
    const begun = await session.ask(async ({ keys }) => ({
      ...(await keys.renameOptions(id, name, session.signal)),
      server: keys.server,
    }));
    this.#keep(begun.ceremony, { kind: "renaming", session, renaming: { id, name } });
    return begun;
  }

  /** Throws `enrollment_denied`, and as `Session.ask` and `VouchKeys.rename`. */
  async finishRenaming({ ceremony, approval }: KeyChangeFinishRequest): Promise<Reply<typeof routes.keyRenameFinish>> {
    const open = this.#take(ceremony);
    if (open?.kind !== "renaming") {
      throw new VouchError("enrollment_denied", "The renaming took longer than five minutes or was not begun here.", {
        hint: "Run `vouch keys rename` again.",
      });
    }
    const { session, renaming } = open;
    return session.ask(({ keys }) => keys.rename({ ...renaming, ceremony, approval }, session.signal));
  }

  /** Begins the removal of a key in the name of a session. Throws as `Session.ask` and `VouchKeys.removeOptions`. */
  async startRemoval(
    session: Session,
    { id, force }: KeyRemoveStartRequest,
  ): Promise<Reply<typeof routes.keyRemoveStart>> {
    const begun = await session.ask(async ({ keys }) => ({
      ...(await keys.removeOptions(id, force, session.signal)),
      server: keys.server,
    }));
    this.#keep(begun.ceremony, { kind: "removal", session, removal: { id, force } });
    return begun;
  }

  /**
   * Removes the key; the session ends here as well if the server has ended it. Throws `enrollment_denied`, and as
   * `Session.ask` and `VouchKeys.remove`.
   */
  async finishRemoval({ ceremony, approval }: KeyChangeFinishRequest): Promise<Reply<typeof routes.keyRemoveFinish>> {
    const open = this.#take(ceremony);
    if (open?.kind !== "removal") {
      throw new VouchError("enrollment_denied", "The removal took longer than five minutes or was not begun here.", {
        hint: "Run `vouch keys remove` again.",
      });
    }
    const { session, removal } = open;
    const removed = await session.ask(({ keys }) => keys.remove({ ...removal, ceremony, approval }, session.signal));
    if (removed.thisSession) session.end("revoked");
    return removed;
  }

  #keep(ceremony: string, open: OpenCeremony): void {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= maxOpen) this.#open.delete(oldest);
    this.#open.set(ceremony, { ...open, begunAt: this.#clock.elapsed() });
  }

  #take(ceremony: string): (OpenCeremony & { begunAt: number }) | undefined {
    const open = this.#open.get(ceremony);
    this.#open.delete(ceremony);
    return open !== undefined && this.#clock.elapsed() - open.begunAt < ceremonyMs ? open : undefined;
  }
}
