/** Watches, while there is a session, for what the user has chosen to end it: costs nothing without either. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import type { Environment } from "../../base/environment.ts";
import { type EndOn, endOns } from "../../settings/settings.ts";
import type { Session } from "../session/session.ts";
import { type ChosenReason, reasonOf } from "./causes.ts";
import { lockWatch, sleepWatch } from "./logind.ts";
import { type ListKeys, type PluggedIn, pluggedIn } from "./plugged-in.ts";
import { screenSaverWatch } from "./screen-savers.ts";
import { sleepDelay } from "./sleep-delay.ts";
import { type Watch, Watcher } from "./watcher.ts";

/** How often the device of a key is looked at, in milliseconds. */
const keyMs = 1_000;
/** A gap between the clocks that grows by this much between two looks was a sleep; in milliseconds. */
const leastSleepMs = 3_000;

export interface EndWatchOptions {
  clock: Clock;
  env: Environment;
  listKeys: ListKeys;
  platform?: NodeJS.Platform;
  /** Called for the session that is to end, or without one for all of them. */
  end: (reason: ChosenReason, session?: Session) => void;
}

/** What ends a session, and why it cannot be noticed, or not in time, as the end of a sentence. */
export interface WatchState {
  on: EndOn;
  failure?: string;
}

type Watches = { [name: string]: Watch };

export class EndWatch {
  readonly #options: EndWatchOptions;
  readonly #platform: NodeJS.Platform;
  readonly #keys = new Map<Session, PluggedIn>();
  #running = new Map<EndOn, Map<string, Watcher>>();
  #endOn: readonly EndOn[] = [];
  /** The keyless sessions of the last look. */
  #hasUnknownKey = false;
  /** How long the machine has slept since it was started, by the clocks; undefined while nobody looks. */
  #sleptMs: number | undefined;

  constructor(options: EndWatchOptions) {
    this.#options = options;
    this.#platform = options.platform ?? process.platform;
  }

  /** A session was opened by the key at the path (undefined if unknown). */
  opened(session: Session, device: string | undefined): void {
    if (device !== undefined) this.#keys.set(session, pluggedIn(device, this.#options.listKeys));
  }

  /** Starts and stops what the settings and the live sessions need. */
  follow(endOn: readonly EndOn[], sessions: readonly Session[]): void {
    this.#endOn = endOn;
    for (const session of this.#keys.keys()) if (!sessions.includes(session)) this.#keys.delete(session);
    this.#hasUnknownKey = sessions.some((session) => !this.#keys.has(session));
    const isWatched = (on: EndOn) => sessions.length > 0 && endOn.includes(on);
    for (const on of endOns) {
      const running = this.#running.get(on);
      if (isWatched(on) && running === undefined) {
        const watches = Object.entries(this.#watches(on));
        this.#running.set(on, new Map(watches.map(([name, watch]) => [name, new Watcher(watch)])));
      } else if (!isWatched(on) && running !== undefined) {
        for (const watcher of running.values()) watcher.stop();
        this.#running.delete(on);
      }
    }
    this.#sleptMs = isWatched("suspend") ? (this.#sleptMs ?? this.#slept()) : undefined;
  }

  /** Ends the sessions if the machine has slept since the last look; called before each use of one. */
  check(): void {
    if (this.#sleptMs === undefined) return;
    const before = this.#sleptMs;
    this.#sleptMs = this.#slept();
    if (this.#sleptMs - before >= leastSleepMs) this.#options.end("suspended");
  }

  /** In the order of the settings. */
  get states(): WatchState[] {
    return this.#endOn.map((on) => {
      const failure = this.#failure(on, this.#running.get(on));
      return failure === undefined ? { on } : { on, failure };
    });
  }

  stop(): void {
    this.follow([], []);
  }

  #watches(on: EndOn): Watches {
    const { env, end } = this.#options;
    const happened = () => end(reasonOf[on]);
    if (on === "key-removal") return { keys: (stop, working) => this.#watchKeys(stop, working) };
    if (this.#platform !== "linux") return {};
    if (on === "lock") return { logind: lockWatch(env, happened), desktop: screenSaverWatch(env, happened) };
    return { logind: sleepWatch(env, happened), delay: sleepDelay(env) };
  }

  #failure(on: EndOn, running: ReadonlyMap<string, Watcher> | undefined): string | undefined {
    if (running === undefined) return undefined;
    const failures = [...running.values()].flatMap(({ failure }) => failure ?? []);
    if (on === "key-removal" && this.#hasUnknownKey) return "the open session was begun without it: log in again";
    if (on === "lock") {
      if (running.size === 0) return "this system tells programs of Vouch's kind nothing of its screen lock";
      return failures.length === running.size ? failures.join("; ") : undefined;
    }
    if (on === "suspend" && (failures.length > 0 || running.size === 0)) {
      return ["it is noticed only after the sleep", ...failures].join(": ");
    }
    return failures[0];
  }

  async #watchKeys(stop: AbortSignal, working: Parameters<Watch>[1]): Promise<void> {
    while (!stop.aborted) {
      const failures: unknown[] = [];
      for (const [session, isPluggedIn] of this.#keys) {
        try {
          if (!(await isPluggedIn())) this.#options.end("key_removed", session);
        } catch (error) {
          // Those of the other sessions may be seen.
          failures.push(error);
        }
      }
      // Not thrown: the pause after a failure grows, and the other keys are looked at each second.
      working(failures[0]);
      await sleep(keyMs, undefined, { signal: stop, ref: false }).catch(() => {});
    }
  }

  #slept(): number {
    return this.#options.clock.elapsed() - this.#options.clock.awake();
  }
}
