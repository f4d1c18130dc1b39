/** Who asked the agent for what: every answer that gives something out or changes something, in memory. */
import type { Clock } from "../../base/clock.ts";
import { recordSettings, type Settings } from "../../settings/settings.ts";
import type { Peer } from "../wire/peer.ts";
import { Askers, isOwnLook, type RecordSettings, type Who } from "./askers.ts";
import { Entry, type RecordEntry } from "./entry.ts";
import { FairEntries } from "./fair-entries.ts";
import { Keeper } from "./keeper.ts";
import { type KeptList, keptLists } from "./kept-line.ts";
import { Programs, type ProgramsState } from "./programs.ts";
import { endOperation, isOfProgram, type Question } from "./questions.ts";

/** The limits on the entries of each list (fair-entries.ts), and on what one reply holds (bytes). */
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
  /** By weight: reads push out no change, and refusals no answer. */
  readonly #lists: { [List in KeptList]: FairEntries } = {
    changed: new FairEntries(maxEntries),
    published: new FairEntries(maxEntries),
    asked: new FairEntries(maxEntries),
    refused: new FairEntries(maxEntries),
    guests: new FairEntries(maxEntries),
  };
  readonly #askers = new Askers();
  #settings: RecordSettings = { keep: false, arguments: false };
  readonly programs: Programs;
  readonly keeper: Keeper | undefined;
  /** Of this agent, for the ids of its entries. */
  readonly #agent = crypto.randomUUID().slice(0, 13);
  #entries = 0;
  #asks = 0;
  /** Entries that memory has no place for and no file has been given, and when the last of them was asked last. */
  #dropped = { count: 0, last: 0 };

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

  /** Remembers an answer, or a refusal. One that changes something is in its file then, if it shall be kept. */
  add(question: Question, outcome: string, who: Who): void {
    const now = Math.floor(this.#clock.now() / 1000);
    if (isOfProgram(question) && !isOwnLook(who)) this.programs.add(question.isProgram ? who.own : who.program, now);
    this.#add(question, outcome, who, now);
  }

  #add(
    question: Question,
    outcome: string,
    { asker, above, own, program, guest, isKept }: Omit<Who, "startedAt">,
    now: number,
  ): void {
    const { operation, target, claim, isProgram } = question;
    const list = guest !== undefined ? "guests" : outcome === "ok" ? (question.list ?? "asked") : "refused";
    const entries = this.#lists[list];
    const by = isProgram ? own : program;
    // Helpers of one package manager are one entry; a claim is free text and makes none.
    const key = JSON.stringify([operation, target, outcome, asker?.name, asker?.executable, by, guest]);
    const known = entries.get(key);
    const entry = known ?? new Entry(`${this.#agent}-${++this.#entries}`, question, outcome, above, now, guest);
    entry.ask = ++this.#asks;
    const isNews = entry.grow(asker, claim, now);
    if (isKept && this.keeper !== undefined) {
      entry.isKept = true;
      this.keeper.note(list, entry, isNews);
    }
    const oldest = known === undefined ? entries.add(key, entry, { asker, above }) : undefined;
    if (oldest === undefined || oldest.isKept) return;
    this.#dropped = { count: this.#dropped.count + 1, last: Math.max(this.#dropped.last, oldest.entry().last) };
  }

  /**
   * Adds the end of a session that no program has asked for: of the server's session, for the reason, at the time (seconds
   * since 1970). One of before this process (`isNew` false) is left to the file that has it, if it is kept.
   */
  addEnd(server: string, happening: string, at: number, isNew: boolean, settings?: Settings): void {
    const { keep } = settings === undefined ? this.#settings : recordSettings(settings);
    if (keep && !isNew) return;
    const asker = { pid: process.pid, name: "vouch", startedAt: "" };
    const question: Question = { operation: `${endOperation}${happening}`, target: server, list: "changed" };
    this.#add(question, "ok", { asker, above: [], isKept: keep, own: "", program: "" }, at);
  }

  /**
   * The entries that were asked at `since` (seconds since 1970) or later, the oldest first, and how many are left out and
   * in no file: of those that were dropped, and of those that one reply does not hold. The weightiest list comes first, in
   * each the newest of every branch of the tree of processes: no flood of reads or refusals takes a change's place, and no
   * program's that of another.
   */
  since(since = 0): { entries: RecordEntry[]; leftOut: number } {
    const found = keptLists.flatMap((list) => this.#since(list, since));
    let bytes = 0;
    // In the reply other characters than ASCII are escapes of six bytes.
    const isWithin = (entry: RecordEntry) =>
      (bytes += JSON.stringify(entry).replaceAll(/[^\0-\x7f]/g, "\\u0000").length) < maxReplyBytes;
    const end = found.findIndex(({ entry }) => !isWithin(entry));
    const held = end < 0 ? found : found.slice(0, end);
    const unkept = found.slice(held.length).filter(({ isKept }) => !isKept).length;
    return {
      entries: held.toSorted((one, other) => one.ask - other.ask).map(({ entry }) => entry),
      leftOut: unkept + (this.#dropped.last >= since ? this.#dropped.count : 0),
    };
  }

  /** Of one list, in the order in which a reply takes them. */
  #since(list: KeptList, since: number): { entry: RecordEntry; isKept: boolean; ask: number }[] {
    return this.#lists[list]
      .inTurn()
      .map((each) => ({ entry: each.entry(), isKept: each.isKept, ask: each.ask }))
      .filter(({ entry }) => entry.last >= since);
  }
}
