/** Who asked the agent for what: every answer that gives something out or changes something, in memory only. */
import type { Clock } from "../../base/clock.ts";
import type { AskingProcess, Who } from "./askers.ts";
import { Programs } from "./programs.ts";
import type { Question } from "./questions.ts";

/** The limits on the entries, on the claims of one, and on what one reply holds (bytes); the oldest are left out. */
const maxEntries = 1_000;
const maxClaims = 20;
const maxReplyBytes = 900_000;

export interface RecordEntry {
  /** When it was asked first and last: seconds since 1970. */
  first: number;
  last: number;
  /** How often this program, itself or by a helper, has asked the same with the same outcome. */
  count: number;
  operation: string;
  target?: string;
  /** What the package manager said that it changes, each once. */
  claims: string[];
  /** "ok", or the error's code. */
  outcome: string;
  /** The asker and its ancestors, the asker first. */
  askers: AskingProcess[];
}

interface Kept extends Omit<RecordEntry, "askers"> {
  asker: AskingProcess | undefined;
  /** Those above the asker, shared by all that make the entry. */
  above: readonly AskingProcess[];
}

export class Record {
  readonly #clock: Clock;
  /** Refusals have a list of their own: nobody can push answers out of the other one without getting any. */
  readonly #answers = new Map<string, Kept>();
  readonly #refusals = new Map<string, Kept>();
  readonly programs: Programs;
  #dropped = 0;

  constructor(clock: Clock, programs = new Programs()) {
    this.#clock = clock;
    this.programs = programs;
  }

  /** Remembers an answer, or a refusal. */
  add({ operation, target, claim, isProgram }: Question, outcome: string, { asker, above, own, program }: Who): void {
    const entries = outcome === "ok" ? this.#answers : this.#refusals;
    const now = Math.floor(this.#clock.now() / 1000);
    const by = isProgram ? own : program;
    this.programs.add(by, now);
    // Helpers of one package manager are one entry; a claim is free text and makes none.
    const key = JSON.stringify([operation, target, outcome, asker?.name, asker?.executable, by]);
    const known = entries.get(key);
    const claims = known?.claims ?? [];
    if (claim !== undefined && claims.length < maxClaims && !claims.includes(claim)) claims.push(claim);
    entries.delete(key);
    entries.set(key, {
      first: known?.first ?? now,
      last: now,
      count: (known?.count ?? 0) + 1,
      operation,
      ...(target === undefined ? {} : { target }),
      claims,
      outcome,
      asker,
      above: known?.above ?? above,
    });
    if (entries.size <= maxEntries) return;
    entries.delete(entries.keys().next().value!);
    this.#dropped++;
  }

  /**
   * The entries that were asked at `since` (seconds since 1970) or later, the oldest first, and how many are left out: of
   * those that were dropped, and of the oldest that one reply does not hold.
   */
  since(since = 0): { entries: RecordEntry[]; leftOut: number } {
    const found = this.#since(since);
    let bytes = 0;
    // In the reply other characters than ASCII are escapes of six bytes.
    const isWithin = (entry: RecordEntry) =>
      (bytes += JSON.stringify(entry).replaceAll(/[^\0-\x7f]/g, "\\u0000").length) < maxReplyBytes;
    const newest = found.toReversed();
    const end = newest.findIndex((entry) => !isWithin(entry));
    const held = end < 0 ? newest : newest.slice(0, end);
    return { entries: held.toReversed(), leftOut: found.length - held.length + this.#dropped };
  }

  #since(since: number): RecordEntry[] {
    return [...this.#answers.values(), ...this.#refusals.values()]
      .filter(({ last }) => last >= since)
      .map(shown)
      .toSorted((one, other) => one.last - other.last);
  }
}

function shown({ asker, above, ...entry }: Kept): RecordEntry {
  return { ...entry, askers: asker === undefined ? [] : [asker, ...above] };
}
