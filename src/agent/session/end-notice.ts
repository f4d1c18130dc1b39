/** Tells once, by a desktop notification, that a session is about to end: a renewal in time keeps builds going. */
import type { Clock } from "../../base/clock.ts";
import { soonSeconds } from "../../base/words/duration.ts";
import type { Notification } from "../../base/system/notification.ts";
import type { OpenSession } from "./sessions.ts";

/** A session that is this short ends as its person expects. Seconds. */
const shortSeconds = 2 * soonSeconds;

export class EndNotice {
  readonly #clock: Clock;
  readonly #show: (notification: Notification) => void;
  readonly #told = new WeakSet<object>();

  constructor(clock: Clock, show: (notification: Notification) => void) {
    this.#clock = clock;
    this.#show = show;
  }

  /** Looks at the live sessions; called by a timer. */
  watch(sessions: readonly OpenSession[]): void {
    for (const { session } of sessions) {
      const left = session.secondsLeft();
      if (left > soonSeconds || left <= 0 || session.lifetimeSeconds <= shortSeconds || this.#told.has(session))
        continue;
      this.#told.add(session);
      const end = new Date(this.#clock.now() + left * 1000);
      const time = `${String(end.getHours()).padStart(2, "0")}:${String(end.getMinutes()).padStart(2, "0")}`;
      const { command, server } = session.place;
      this.#show({
        summary: `Your Vouch session ends at ${time}`,
        body: `Run \`${command}\` to go on without a break${server === undefined ? "" : ` at ${server}`}.`,
      });
    }
  }
}
