/**
 * Publishing by a touch: one request at a time waits for the security key, and what a touch has given belongs to one
 * process for fifteen minutes. The Vouch server, and the role's trust policy, enforce that there was a touch.
 */
import { count } from "../../base/words/count.ts";
import type { Clock } from "../../base/clock.ts";
import type { Environment } from "../../base/environment.ts";
import { VouchError } from "../../base/errors.ts";
import { nameOfProcess } from "../../base/process/process-info.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import type { Reply, routes } from "../protocol.ts";
import type { PublishFinishRequest, PublishStartRequest } from "../requests.ts";
import { SessionCredentials } from "../session/session-credentials.ts";
import type { OpenSession } from "../session/sessions.ts";
import { minDurationSeconds } from "../tokens/credential-source.ts";
import { type TokenLimits, Tokens } from "../tokens/tokens.ts";
import type { Peer } from "../wire/peer.ts";
import { beganBefore, type Holder, holderKey, type HolderKind, holderOf, isAlive } from "./holder.ts";
import { Line, sessionOf } from "./line.ts";
import { processWords, requestWords } from "./pending-words.ts";

/** How long the server waits for the touch, in milliseconds. */
const pendingMs = 60_000;
/** How long a touch is good, in milliseconds: AWS gives nothing that ends sooner. */
const grantMs = minDurationSeconds * 1000;

interface Pending {
  ceremony: string;
  open: OpenSession;
  holder: Holder;
  /** The process that asks for it and waits for the answer. */
  asker: Holder;
  /** Its session of processes, known while it runs. */
  session: number;
  repositories: RepositorySettings[];
  settings: Settings;
  /** What it says of itself, for whoever comes second. */
  words: string;
  begunAt: number;
}

interface Grant {
  holder: Holder;
  /** The process that asked for the touch. */
  asker: Holder;
  open: OpenSession;
  tokens: Tokens;
  grantedAt: number;
}

export class Publishing {
  readonly #clock: Clock;
  readonly #env: Environment;
  readonly #limits: TokenLimits | undefined;
  readonly #grants = new Map<string, Grant>();
  readonly #line = new Line();
  #pending: Pending | undefined;
  /** For whom the server is being asked for a ceremony. */
  #beginning: Holder | undefined;

  constructor(clock: Clock, env: Environment, limits: TokenLimits | undefined) {
    this.#clock = clock;
    this.#env = env;
    this.#limits = limits;
  }

  /** The tokens that a touch has given to the asker. Throws `touch_needed`. */
  tokens(repository: RepositorySettings, open: OpenSession, peer: Peer | undefined, kind: HolderKind): Tokens {
    this.sweep();
    const [holder, asker] = [holderOf(peer, kind), holderOf(peer, "self")];
    const grant = holder && this.#grants.get(grantKey(holder, repository));
    // A package manager starts its helpers when it needs them. Older children are those of a shell that became it (exec).
    const isLate = asker !== undefined && grant !== undefined && !beganBefore(asker, grant.asker);
    if (grant?.open.session === open.session && isLate) return grant.tokens;
    throw touchNeeded(repository);
  }

  /**
   * Begins a ceremony for the asker. Throws `touch_pending` while another one waits or comes first (line.ts), and as
   * `Session.ask`.
   */
  async start(
    { holder: kind = "self", ...request }: PublishStartRequest,
    { repositories, settings, open }: Pick<Pending, "repositories" | "settings" | "open">,
    peer: Peer | undefined,
  ): Promise<Reply<typeof routes.publishStart>> {
    const [holder, asker] = [holderOf(peer, kind), holderOf(peer, "self")];
    if (holder === undefined || asker === undefined) {
      throw new VouchError("access_denied", "The system does not say which program asks to publish.", {
        hint: "It has ended, or belongs to another user or container: publish again, from a program that this user has started.",
      });
    }
    this.#refuseSecond(asker);
    const places = repositories.map(({ domain, repository }) => `${domain}/${repository}`);
    const words = requestWords(holder.process.name, request, places);
    const place = sessionOf(asker);
    this.#line.leave(place);
    this.#beginning = asker;
    try {
      const { session } = open;
      const begun = await session.ask(async ({ publishing }) => ({
        ...(await publishing.begin(session.signal)),
        server: publishing.server,
      }));
      const { ceremony } = begun;
      const begunAt = this.#clock.elapsed();
      this.#pending = { ceremony, open, holder, asker, session: place, repositories, settings, words, begunAt };
      return { ...begun, asks: words };
    } finally {
      this.#beginning = undefined;
    }
  }

  /**
   * Gives the holder what the touch allows, once each repository's token is there. Throws `touch_timeout`, and as
   * `Session.ask` and `Tokens.token`.
   */
  async finish({ ceremony, approval }: PublishFinishRequest): Promise<Reply<typeof routes.publishFinish>> {
    const pending = this.#pending;
    if (pending?.ceremony !== ceremony || !this.#isWaiting(pending)) {
      throw new VouchError("touch_timeout", "The touch came later than 60 seconds, or nothing waits for it.", {
        hint: "Run the command again.",
      });
    }
    this.#endTurn(pending);
    const { open, holder, asker, repositories, settings } = pending;
    const { session } = open;
    const now = this.#clock.now();
    const idToken = await session.ask(({ publishing }) =>
      publishing.idToken({ ceremony, approval, holder: nameOfProcess(holder.process) }, now, session.signal),
    );
    const source = new SessionCredentials(session, this.#clock, this.#env, {
      // It serves the first fetch; a token that ends is not renewed without another touch.
      idToken: async () => {
        if (this.#clock.now() < idToken.expiration * 1000) return idToken;
        throw touchNeeded(repositories[0]!);
      },
      maxSeconds: minDurationSeconds,
    });
    const tokens = new Tokens(source, this.#clock, this.#env, this.#limits);
    const fetched = repositories.map(async (each) => tokens.token(each, settings, "needed", "publish"));
    const expirations = (await Promise.all(fetched)).map(({ expiration }) => expiration);
    const grant = { holder, asker, open, tokens, grantedAt: this.#clock.elapsed() };
    for (const each of repositories) this.#grants.set(grantKey(holder, each), grant);
    return { expiration: Math.min(...expirations, Math.floor((now + grantMs) / 1000)) };
  }

  /** The asker does not wait any more. */
  cancel(ceremony: string): void {
    if (this.#pending?.ceremony === ceremony) this.#endTurn(this.#pending);
  }

  #endTurn({ session }: Pending): void {
    this.#pending = undefined;
    this.#line.leave(session);
  }

  /** Forgets what is over: after fifteen minutes, and with its session or its process. */
  sweep(): void {
    if (this.#pending && !this.#isWaiting(this.#pending)) this.#endTurn(this.#pending);
    for (const [key, { holder, open, grantedAt }] of this.#grants) {
      const isOver = this.#clock.elapsed() - grantedAt >= grantMs || open.session.ended !== undefined;
      if (isOver || !isAlive(holder)) this.#grants.delete(key);
    }
  }

  /**
   * Two requests at once would make a person touch for one and allow the other: whoever comes second waits for its turn, and
   * nobody, whatever asks, takes the place of one that waits for its touch.
   */
  #refuseSecond(asker: Holder): void {
    this.sweep();
    const now = this.#clock.elapsed();
    const first = this.#pending;
    const busy = first?.asker ?? this.#beginning;
    const next = busy ?? this.#line.before(asker, now);
    if (next === undefined) return;
    this.#line.wait(asker, now);
    const seconds = (ms: number) => count(Math.max(0, Math.round(ms / 1000)), "second");
    const what =
      first === undefined
        ? `Another program is ${busy === undefined ? "next to ask" : "about to ask"} for a touch: ${processWords(next)}.`
        : `A touch is waited for already: ${first.words} Asked ${seconds(now - first.begunAt)} ago by ${processWords(next)}; it ends in ${seconds(first.begunAt + pendingMs - now)} at the latest.`;
    throw new VouchError("touch_pending", what, {
      hint: `Answer or cancel that one; if you do not know it, do not touch the key, and run \`kill ${next.process.pid}\`. Then run the command again.`,
    });
  }

  #isWaiting({ begunAt, asker, open }: Pending): boolean {
    return this.#clock.elapsed() - begunAt < pendingMs && open.session.ended === undefined && isAlive(asker);
  }
}

function touchNeeded({ domain, repository }: RepositorySettings): VouchError {
  return new VouchError("touch_needed", `Publishing to ${domain}/${repository} needs a touch of your security key.`, {
    hint: "Run it in a terminal, where Vouch can ask for the touch.",
  });
}

/** A touch is for the repositories that the person was told. */
function grantKey(holder: Holder, { domain, domainOwner, region, repository }: RepositorySettings): string {
  return JSON.stringify([holderKey(holder), domain, domainOwner, region, repository]);
}
