/** Whether the identity provider still lets a person in: asked at their logins, by their refresh token. */
import { setTimeout as sleep } from "node:timers/promises";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import { OngoingFailure } from "../../ongoing-failure.ts";
import { settledWithin } from "../../settled-within.ts";
import type { KeyProtector } from "../../signing/protection.ts";
import { databaseFailure } from "../../store/failure.ts";
import type { KeptRefreshToken, RecheckState } from "../../store/people/identities.ts";
import type { User } from "../../store/people/user.ts";
import type { Store, Transaction } from "../../store/store.ts";
import type { IdentityProvider, SignedOn } from "../provider.ts";
import type { SsoSettings } from "../settings.ts";
import { ConfirmationNeededError, ProviderUnavailableError } from "../unavailable.ts";
import { type Ending, endReservation, judge, type Outcome } from "./outcome.ts";
import { decryptRefreshToken, encryptRefreshToken } from "./refresh-token.ts";

/** How long a login waits for the provider, in milliseconds; what is under way goes on without it. */
const defaultWaitMs = 5_000;
/** How long a refresh token is reserved, in seconds: longer than the time limits of all that is done with it. */
const reservedSeconds = 60;
/** Interval of looking for what another server was told, in milliseconds. */
const pollMs = 100;
/** How long a server that stops waits for what is under way, in milliseconds: a token that is lost locks somebody out. */
const stopMs = 10_000;

export interface RecheckOptions {
  store: Store;
  provider: Pick<IdentityProvider, "refresh">;
  settings: SsoSettings;
  /** For how long a person is let in while the provider is away, since it last let them in; seconds. */
  graceSeconds: number;
  protector: KeyProtector;
  /** The server's URL. */
  server: string;
  /** Is given why the provider could not be asked: once, until it can. */
  failed: (reason: string) => void;
  /** Is given what came of each question, for the metrics. */
  asked: (result: Outcome["result"]) => void;
  waitMs?: number | undefined;
}

/** A question that was put before a login's transaction. */
export interface Asked {
  outcome: Outcome;
  /** In seconds since 1970, by the database's clock. */
  begunAt: number;
}

/** A person's state when a login began, with a refresh token. */
type Kept = RecheckState & KeptRefreshToken;

export class Recheck {
  readonly #options: RecheckOptions;
  readonly #failure: OngoingFailure;
  /** What is under way, by subject: logins at the same time share it. */
  readonly #asking = new Map<string, Promise<Outcome>>();
  #isStopped = false;

  constructor(options: RecheckOptions) {
    this.#options = options;
    this.#failure = new OngoingFailure(options.failed);
  }

  /**
   * Asks the provider about a person, outside of any transaction, and stores what it says. Whether they may log in is said
   * by `confirm`. Throws the database's errors.
   */
  async ask(user: User): Promise<Asked> {
    const { store, settings, waitMs = defaultWaitMs } = this.#options;
    const begunAt = store.now();
    const found = user.disabled ? undefined : await store.identities.recheckOf(user.id, settings.issuer);
    const refreshToken = found?.refreshToken;
    if (found === undefined || refreshToken === undefined) return { outcome: { result: "none" }, begunAt };
    let outcome: Outcome = { result: "unavailable", reason: `it has not answered within ${waitMs / 1000} s` };
    const asking = this.#begin({ ...found, refreshToken });
    const hear = async (): Promise<void> => {
      outcome = await asking;
    };
    await settledWithin(hear(), waitMs);
    if (outcome.result === "unavailable" || outcome.result === "unproven") this.#failure.report(outcome.reason);
    else if (outcome.result !== "none") this.#failure.report(undefined);
    this.#options.asked(outcome.result);
    return { outcome, begunAt };
  }

  /**
   * In the transaction of a login: whether the provider lets the person in, as the database has it now. Undefined for a
   * person about whom it cannot be asked; "unavailable": it is away, and has let them in not long ago. Throws
   * `login_denied`, ConfirmationNeededError.
   */
  async confirm(
    { identities }: Transaction,
    user: User,
    { outcome, begunAt }: Asked,
  ): Promise<"confirmed" | "unavailable" | undefined> {
    const { store, settings, graceSeconds } = this.#options;
    const found = await identities.recheckOf(user.id, settings.issuer);
    if (found?.refusedAt !== undefined) throw this.#denied(outcome.result === "refused" ? outcome.reason : undefined);
    if (found?.refreshToken === undefined) return undefined;
    if (outcome.result === "unproven") throw this.#denied(outcome.reason);
    const { confirmedAt = -Infinity } = found;
    // Also by another server, or by a sign-on meanwhile.
    if (outcome.result !== "unavailable" && confirmedAt >= begunAt) return "confirmed";
    if (store.now() - confirmedAt < graceSeconds) return "unavailable";
    throw new ConfirmationNeededError(outcome.reason ?? "it was not asked");
  }

  /** The refresh token of a sign-on as the database keeps it; undefined without one. Throws ProviderUnavailableError. */
  async keep({ refreshToken }: SignedOn, subject: string): Promise<string | undefined> {
    if (refreshToken === undefined) return undefined;
    const { server, settings, protector } = this.#options;
    try {
      return await encryptRefreshToken(refreshToken, { server, issuer: settings.issuer, subject }, protector);
    } catch (error) {
      // Without it nobody would ask about the person.
      throw new ProviderUnavailableError(`the refresh token could not be encrypted: ${(error as Error).message}`);
    }
  }

  /** Waits for what is under way, with a limit. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await settledWithin(Promise.allSettled(this.#asking.values()), stopMs);
  }

  #begin(kept: Kept): Promise<Outcome> {
    const underWay = this.#asking.get(kept.subject);
    if (underWay !== undefined) return underWay;
    const asking = this.#reserveAndAsk(kept).finally(() => this.#asking.delete(kept.subject));
    // A login that has stopped waiting does not hear of its failure.
    asking.catch((error: unknown) => this.#failure.report(databaseFailure(error) ?? String(error)));
    this.#asking.set(kept.subject, asking);
    return asking;
  }

  /** Providers that find a refresh token used twice (rotation, RFC 9700, 4.14.2) revoke it: one server at a time shows it. */
  async #reserveAndAsk(kept: Kept): Promise<Outcome> {
    const { store } = this.#options;
    const { identities } = store;
    while (!(await identities.reserve(kept, store.now(), store.now() + reservedSeconds))) {
      if (this.#isStopped) return { result: "unavailable", reason: "this server is stopping" };
      await sleep(pollMs);
      const owner = await identities.find(kept);
      const found = owner && (await identities.recheckOf(owner.id, kept.issuer));
      const members = ["subject", "refreshToken", "confirmedAt", "refusedAt"] as const;
      if (members.some((member) => found?.[member] !== kept[member])) return { result: "none" };
    }
    return await this.#show(kept);
  }

  async #show(kept: KeptRefreshToken): Promise<Outcome> {
    const ending = await this.#question(kept);
    await endReservation(this.#options.store, kept, ending);
    return ending.outcome;
  }

  async #question(kept: KeptRefreshToken): Promise<Ending> {
    const { protector, provider, server, settings } = this.#options;
    const { issuer, subject, refreshToken } = kept;
    const owner = { server, issuer, subject };
    try {
      const shown = await decryptRefreshToken(refreshToken, owner, protector);
      const answer = await provider.refresh(shown, subject);
      const rotated = "refreshToken" in answer ? answer.refreshToken : undefined;
      const next = rotated === undefined ? refreshToken : await encryptRefreshToken(rotated, owner, protector);
      return judge(answer, next, settings);
    } catch (error) {
      const reason = error instanceof VouchError ? error.message : String(error);
      return { outcome: { result: "unavailable", reason }, next: refreshToken };
    }
  }

  #denied(reason: string | undefined): VouchError {
    const { server, settings } = this.#options;
    const why = reason === undefined ? "" : ` (${printable(reason)})`;
    const way = `${server}/sign-in with ${settings.name}`;
    const message = `The company's identity provider lets you in no more${why}. If it should, sign in at ${way}, then log in again.`;
    return new VouchError("login_denied", message, { hint: "If that fails, ask your administrator." });
  }
}
