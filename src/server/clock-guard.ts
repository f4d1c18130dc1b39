/** Ends the sessions whose eight hours a clock that was set back cannot count. */
import { count } from "../base/words/count.ts";
import { ClockWatch, toleratedSetBack } from "./clock-watch.ts";
import type { Store } from "./store/store.ts";

/** Sessions that one transaction ends: what takes some milliseconds, as requests wait for it. */
const endedAtOnce = 1000;

export class ClockGuard {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #watch: ClockWatch;
  readonly #log: (detail: string) => void;
  #ending: Promise<void> | undefined;

  /** Both clocks in seconds; only the first can be set. `log` is given what was ended and why. */
  constructor(store: Store, now: () => number, monotonic: () => number, log: (detail: string) => void) {
    this.#store = store;
    this.#now = now;
    this.#watch = new ClockWatch(now, monotonic);
    this.#log = log;
  }

  /** Ends every session that began later than now. Throws the database's error. */
  async checkAtStart(): Promise<void> {
    await this.#end(this.#now() + toleratedSetBack, "the clock is behind the start of sessions");
  }

  /**
   * Ends all sessions if the clock was set back; requests at the same time wait for the same end. Throws the database's
   * error: then the next request tries again.
   */
  async check(): Promise<void> {
    const seconds = this.#watch.setBackBy();
    if (seconds === 0) return;
    this.#ending ??= this.#end(0, `the clock was set back by ${seconds} s`)
      .then(() => this.#watch.accept())
      .finally(() => {
        this.#ending = undefined;
      });
    await this.#ending;
  }

  async #end(since: number, why: string): Promise<void> {
    let ended = 0;
    for (let batch = endedAtOnce; batch === endedAtOnce;) {
      const removed = await this.#store.transaction(async ({ authorizationCodes, pageSessions, sessions, record }) => {
        await authorizationCodes.removeAll();
        const pages = await pageSessions.removeBegunAfter(since, endedAtOnce);
        const live = await sessions.revokeBegunAfter(since, this.#now(), endedAtOnce);
        if (pages + live > 0) await record({ event: "revoke", reason: why, detail: { sessions: pages + live } });
        return { pages, live };
      });
      batch = Math.max(removed.pages, removed.live);
      ended += removed.pages + removed.live;
    }
    if (ended > 0) this.#log(`${why}: ended ${count(ended, "session")}`);
  }
}
