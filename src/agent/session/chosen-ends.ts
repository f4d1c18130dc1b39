/** The end of sessions by what the user has chosen: here at once, at the server within a limit, and said to the user. */
import type { Notification } from "../../base/system/notification.ts";
import type { Settings } from "../../settings/settings.ts";
import { type ChosenReason, happenings, isChosen } from "../end-on/causes.ts";
import { EndWatch, type EndWatchOptions, type WatchState } from "../end-on/end-watch.ts";
import { sleepLimitsMs } from "../end-on/sleep-limits.ts";
import type { Record } from "../record/record.ts";
import type { Session } from "./session.ts";
import type { EndedSession, OpenSession, Sessions } from "./sessions.ts";

/** How long the server is tried, in milliseconds. */
const limitsMs: { [Reason in ChosenReason]: number } = {
  locked: 15_000,
  suspended: sleepLimitsMs.revoke,
  key_removed: 15_000,
};

export interface ChosenEndsOptions extends Omit<EndWatchOptions, "end"> {
  sessions: Sessions;
  /** Undefined while they cannot be read: then what was followed goes on. */
  settings: () => Settings | undefined;
  record: Record;
  notify: (notification: Notification) => void;
  log: (line: string) => void;
  /** Called when sessions have ended here, and when their servers have been told. */
  onEnded: () => void;
  onTold: () => void;
}

export class ChosenEnds {
  readonly #options: ChosenEndsOptions;
  readonly #watch: EndWatch;
  #telling = 0;

  constructor(options: ChosenEndsOptions) {
    this.#options = options;
    this.#watch = new EndWatch({ ...options, end: (reason, session) => void this.#end(reason, session) });
    for (const each of options.sessions.ended) this.#remember(each, false);
  }

  /** Whether a server is still being told. */
  get isTelling(): boolean {
    return this.#telling > 0;
  }

  /** What ends a session, and why it is not noticed, or not in time. */
  get states(): WatchState[] {
    return this.#watch.states;
  }

  /** A session was opened by the key at the path (undefined if unknown). */
  opened(session: Session, device: string | undefined): void {
    this.#watch.opened(session, device);
    this.follow();
  }

  /** Watches for what the settings say now, while there is a session. */
  follow(): void {
    const settings = this.#options.settings();
    // A sleep waits until the server has been told, and the process replaced.
    if (settings === undefined || this.isTelling) return;
    const live = this.#options.sessions.all.map(({ session }) => session);
    this.#watch.follow(settings.session?.endOn ?? [], live);
  }

  /** Ends the sessions if the machine has slept since the last look. */
  check(): void {
    this.#watch.check();
  }

  /** Puts the ends by choice into the record. */
  remember(ended: readonly EndedSession[]): void {
    for (const each of ended) this.#remember(each, true);
  }

  close(): void {
    this.#watch.stop();
  }

  /** One of before this process is left to the file that has it, if it is kept. */
  #remember({ server, reason, at }: EndedSession, isNew: boolean): void {
    const { record, settings } = this.#options;
    if (isChosen(reason) && at !== undefined) record.addEnd(server, happenings[reason], at, isNew, settings());
  }

  /** Ends the session, or all of them. */
  async #end(reason: ChosenReason, only?: Session): Promise<void> {
    const { sessions, settings, notify, log, onEnded, onTold } = this.#options;
    const ending = sessions.all.filter(
      ({ session }) => session.ended === undefined && (only === undefined || session === only),
    );
    if (ending.length === 0) return;
    this.#telling++;
    const told = ending.map(async ({ server, session }) => {
      const isConfirmed = await session.revoke(limitsMs[reason], reason, true);
      log(isConfirmed ? `${server} has ended it, too` : `${server} was not reached: it ends the session by time`);
    });
    if (settings()?.notifications?.sessionEnd !== false) notify(endNotification(ending, reason));
    onEnded();
    await Promise.all(told);
    this.#telling--;
    if (sessions.all.length > 0) this.follow();
    onTold();
  }
}

/** It stays until it is read: the screen may be locked. */
function endNotification(ending: readonly OpenSession[], reason: ChosenReason): Notification {
  const commands = ending.map(({ session }) => `\`${session.place.command}\``).join(", ");
  return {
    summary: `Your Vouch session ended when ${happenings[reason]}`,
    body: `Run ${commands} for a new one.`,
    stays: true,
  };
}
