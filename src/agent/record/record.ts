/** Who asked the agent for what: every answer that gives something out or changes something, in memory only. */
import type { Clock } from "../../base/clock.ts";
import type { Peer } from "../wire/peer.ts";
import { type AskingProcess, askersOf } from "./askers.ts";
import type { Question } from "./questions.ts";

/** The limit on the entries; the oldest are dropped. */
const maxEntries = 1_000;

export interface RecordEntry {
  /** When it was asked first and last: seconds since 1970. */
  first: number;
  last: number;
  /** How often this process, or another one below the same parent, has asked the same with the same outcome. */
  count: number;
  operation: string;
  target?: string;
  /** "ok", or the error's code. */
  outcome: string;
  /** The asker and its ancestors, the asker first. */
  askers: AskingProcess[];
}

export class Record {
  readonly #clock: Clock;
  /** By what makes an entry, the one that was asked last at the end. */
  readonly #entries = new Map<string, RecordEntry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The asker, to be called before it is answered: it may end with the answer. */
  who(peer: Peer | undefined): AskingProcess[] {
    return askersOf(peer);
  }

  /** Remembers an answer. */
  add({ operation, target }: Question, outcome: string, askers: AskingProcess[]): void {
    const now = Math.floor(this.#clock.now() / 1000);
    const [asker, parent] = askers;
    // Helpers of one package manager are one entry.
    const key = JSON.stringify([operation, target, outcome, asker?.name, parent?.pid, parent?.startedAt]);
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    this.#entries.set(key, {
      first: known?.first ?? now,
      last: now,
      count: (known?.count ?? 0) + 1,
      operation,
      ...(target === undefined ? {} : { target }),
      outcome,
      askers,
    });
    if (this.#entries.size > maxEntries) this.#entries.delete(this.#entries.keys().next().value!);
  }

  /** How many programs have asked: package managers, whose helpers count as one. */
  programsSince(since: number): number {
    const programs = this.since(since).map(({ askers: [asker, parent] }) => JSON.stringify(parent ?? asker));
    return new Set(programs).size;
  }

  /** The entries that were asked at `since` (seconds since 1970) or later, the oldest first. */
  since(since = 0): RecordEntry[] {
    return this.#entries
      .values()
      .filter(({ last }) => last >= since)
      .toArray();
  }
}
