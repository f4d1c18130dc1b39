/** Who asked the agent for what: every answer that gives something out or changes something, in memory. */
import type { Clock } from "../../base/clock.ts";
import { recordSettings, type Settings } from "../../settings/settings.ts";
import type { Peer } from "../wire/peer.ts";
import { Askers, type RecordSettings, type Who } from "./askers.ts";
import { Entry, type RecordEntry } from "./entry.ts";
import { Keeper } from "./keeper.ts";
import { Programs, type ProgramsState } from "./programs.ts";
import type { Question } from "./questions.ts";

/** The limits on the entries, and on what one reply holds (bytes); the oldest are left out. */
const maxEntries = 1_000;
const maxReplyBytes = 900_000;

export interface RecordOptions {
  /** Which programs had asked the agent before its process was replaced. */
  asked?: ProgramsState | undefined;
  /** Where the record is kept, if the user wants it; undefined: nowhere. */
  recordFolder?: string | undefined;
}

export class Record {
  readonly #clock: Clock;
  /** Refusals have a list of their own: nobody can push answers out of the other one without getting any. */
  readonly #answers = new Map<string, Entry>();
  readonly #refusals = new Map<string, Entry>();
  readonly #askers = new Askers();
  #settings: RecordSettings = { keep: false, arguments: false };
  readonly programs: Programs;
  readonly keeper: Keeper | undefined;
  /** Of this agent, for the ids of its entries. */
  readonly #agent = crypto.randomUUID().slice(0, 13);
  #entries = 0;
  #dropped = 0;

  constructor(clock: Clock, { asked, recordFolder }: RecordOptions = {}) {
    this.#clock = clock;
    this.programs = new Programs(asked);
    this.keeper = recordFolder === undefined ? undefined : new Keeper(recordFolder);
  }

  /**
   * Who has connected, to be called before anything is read: it may end at any time. Without settings (they cannot be
   * read) those of before hold.
   */
  who(descriptor: number, peer: Peer, settings?: Settings): Who {
    if (settings !== undefined) this.#settings = recordSettings(settings);
    return this.#askers.who(descriptor, peer, this.#settings);
  }

  /** Remembers an answer, or a refusal. */
  add(question: Question, outcome: string, { asker, above, own, program, isKept }: Who): void {
    const { operation, target, claim, isProgram } = question;
    const entries = outcome === "ok" ? this.#answers : this.#refusals;
    const now = Math.floor(this.#clock.now() / 1000);
    const by = isProgram ? own : program;
    this.programs.add(by, now);
    // Helpers of one package manager are one entry; a claim is free text and makes none.
    const key = JSON.stringify([operation, target, outcome, asker?.name, asker?.executable, by]);
    const entry = entries.get(key) ?? new Entry(`${this.#agent}-${++this.#entries}`, question, outcome, above, now);
    entry.grow(asker, claim, now);
    if (isKept) this.keeper?.note(outcome === "ok" ? "asked" : "refused", entry);
    // The last one that was asked is the last one in the map.
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= maxEntries) return;
    entries.delete(entries.keys().next().value!);
    this.#dropped++;
  }

  /**
   * The entries that were asked at `since` (seconds since 1970) or later, the oldest first, and how many are left out: of
   * those that were dropped, and of those that one reply does not hold. Answers come before refusals, the newest first:
   * no flood of long refusals takes an answer's place.
   */
  since(since = 0): { entries: RecordEntry[]; leftOut: number } {
    const found = this.#since(since);
    let bytes = 0;
    // In the reply other characters than ASCII are escapes of six bytes.
    const isWithin = (entry: RecordEntry) =>
      (bytes += JSON.stringify(entry).replaceAll(/[^\0-\x7f]/g, "\\u0000").length) < maxReplyBytes;
    const byWeight = found.toReversed().toSorted((one, other) => refused(one) - refused(other));
    const end = byWeight.findIndex((entry) => !isWithin(entry));
    const held = new Set(end < 0 ? byWeight : byWeight.slice(0, end));
    return {
      entries: found.filter((entry) => held.has(entry)),
      leftOut: found.length - held.size + this.#dropped,
    };
  }

  #since(since: number): RecordEntry[] {
    return [...this.#answers.values(), ...this.#refusals.values()]
      .map((each) => each.entry())
      .filter(({ last }) => last >= since)
      .toSorted((one, other) => one.last - other.last);
  }
}

const refused = ({ outcome }: RecordEntry): number => (outcome === "ok" ? 0 : 1);
