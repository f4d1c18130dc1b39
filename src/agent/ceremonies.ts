/**
 * The two WebAuthn ceremonies, enrolment and login, between the Vouch server and the command line, which performs them
 * with the security key. A ceremony that was begun here is finished here, once, within its time.
 */
import { VouchError } from "../errors.ts";
import { VouchServer } from "../identity/vouch-server.ts";
import type { Surroundings } from "../identity/vouch-api.ts";
import type { VouchSession } from "../identity/vouch-session.ts";
import { Secret } from "../secret.ts";
import type { Clock } from "./clock.ts";
import type {
  EnrollFinishReply,
  EnrollFinishRequest,
  EnrollStartReply,
  EnrollStartRequest,
  LoginFinishRequest,
  LoginStartReply,
} from "./protocol.ts";

/** How long a ceremony stays open, in milliseconds; the server's own limit is the same. */
const ceremonyMs = 5 * 60_000;
/** More open at the same time are not needed by one person; the oldest is dropped. */
const maxOpen = 8;

interface OpenCeremony {
  server: VouchServer;
  /** The enrolment code; a login has none. */
  code?: Secret;
  begunAt: number;
}

export class Ceremonies {
  readonly #clock: Clock;
  readonly #surroundings: Surroundings;
  readonly #open = new Map<string, OpenCeremony>();

  constructor(clock: Clock, env: Record<string, string | undefined>) {
    this.#clock = clock;
    this.#surroundings = { env, now: () => clock.now() };
  }

  /** Begins an enrolment at a server. Throws as `VouchServer.enrollOptions`. */
  async startEnrollment(request: EnrollStartRequest): Promise<EnrollStartReply> {
    const server = new VouchServer(request.server, this.#surroundings);
    const code = new Secret(request.code);
    const begun = await server.enrollOptions(code);
    this.#keep(begun.ceremony, { server, code, begunAt: this.#clock.elapsed() });
    return begun;
  }

  /** Throws `enrollment_denied`, and as `VouchServer.enroll`. */
  async finishEnrollment({ ceremony, credential }: EnrollFinishRequest): Promise<EnrollFinishReply> {
    const open = this.#take(ceremony);
    if (open?.code === undefined) {
      throw new VouchError("enrollment_denied", "The enrolment took longer than five minutes or was not begun here.", {
        hint: "Run `vouch enroll` again.",
      });
    }
    return open.server.enroll({ ceremony, code: open.code, credential });
  }

  /** Begins a login at the configured server. Throws as `VouchServer.loginOptions`. */
  async startLogin(serverUrl: string): Promise<LoginStartReply> {
    const server = new VouchServer(serverUrl, this.#surroundings);
    const begun = await server.loginOptions();
    this.#keep(begun.ceremony, { server, begunAt: this.#clock.elapsed() });
    return { ...begun, server: server.url };
  }

  /** Throws `login_denied`, and as `VouchServer.login`. */
  async finishLogin(request: LoginFinishRequest): Promise<VouchSession> {
    const open = this.#take(request.ceremony);
    if (open === undefined || open.code !== undefined) {
      throw new VouchError("login_denied", "The login took longer than five minutes or was not begun here.", {
        hint: "Run `vouch login` again.",
      });
    }
    return open.server.login(request);
  }

  #keep(ceremony: string, open: OpenCeremony): void {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= maxOpen) this.#open.delete(oldest);
    this.#open.set(ceremony, open);
  }

  #take(ceremony: string): OpenCeremony | undefined {
    const open = this.#open.get(ceremony);
    this.#open.delete(ceremony);
    return open !== undefined && this.#clock.elapsed() - open.begunAt < ceremonyMs ? open : undefined;
  }
}
