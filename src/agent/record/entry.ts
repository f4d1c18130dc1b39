/** An entry of the record: one program that asks one thing, as often as it does. */
import type { AskingProcess, GuestAsker } from "./askers.ts";
import type { Question } from "./questions.ts";

const maxClaims = 20;

export interface RecordEntry {
  /** Names the entry for ever, in files and in the memory of this agent. */
  id: string;
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
  /** Who asked from elsewhere. */
  guest?: GuestAsker;
  /** The asker and its ancestors, the asker first. */
  askers: AskingProcess[];
}

/** An entry that grows. */
export class Entry {
  /** Whether a file shall have it. */
  isKept = false;
  /** Of all asks the number of its last one: many are of the same second. */
  ask = 0;
  readonly #first: number;
  #last: number;
  #count = 0;
  readonly #claims: string[] = [];
  readonly #id: string;
  readonly #what: Pick<RecordEntry, "operation" | "target" | "outcome" | "guest">;
  /** Those above the asker, shared by all that make the entry. */
  readonly #above: readonly AskingProcess[];
  #asker: AskingProcess | undefined;

  constructor(
    id: string,
    { operation, target }: Question,
    outcome: string,
    above: readonly AskingProcess[],
    now: number,
    guest?: GuestAsker,
  ) {
    this.#id = id;
    const at = guest === undefined ? {} : { guest };
    this.#what = { operation, ...(target === undefined ? {} : { target }), outcome, ...at };
    this.#above = above;
    this.#first = now;
    this.#last = now;
  }

  /**
   * One more ask; `claim` is what the package manager says that it changes. True if more than time and count are new: the
   * entry itself, or the claim.
   */
  grow(asker: AskingProcess | undefined, claim: string | undefined, now: number): boolean {
    this.#asker = asker;
    this.#last = now;
    this.#count++;
    const isNew = claim !== undefined && this.#claims.length < maxClaims && !this.#claims.includes(claim);
    if (isNew) this.#claims.push(claim);
    return isNew || this.#count === 1;
  }

  /** As it is now. */
  entry(): RecordEntry {
    const askers = this.#asker === undefined ? [] : [this.#asker, ...this.#above];
    return {
      id: this.#id,
      first: this.#first,
      last: this.#last,
      count: this.#count,
      ...this.#what,
      claims: [...this.#claims],
      askers,
    };
  }
}
