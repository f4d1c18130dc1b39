/** Who asked the agent for what: every answer that gives something out or changes something, in memory only. */
import type { Clock } from "../../base/clock.ts";
import type { ProcessInfo } from "../../base/system/process-info.ts";
import type { Peer } from "../wire/peer.ts";
import { ancestorsOf, askerAndParent, asking, type AskingProcess } from "./askers.ts";
import type { Question } from "./questions.ts";

/** The limits on the entries, on the claims of one, and on what one reply holds (bytes); the oldest are left out. */
const maxEntries = 1_000;
const maxClaims = 20;
const maxReplyBytes = 900_000;

export interface RecordEntry {
  /** When it was asked first and last: seconds since 1970. */
  first: number;
  last: number;
  /** How often this process, or another one below the same parent, has asked the same with the same outcome. */
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
  above: AskingProcess[];
}

type Who = [asker?: AskingProcess, parent?: ProcessInfo];

export class Record {
  readonly #clock: Clock;
  /** Refusals have a list of their own: nobody can push answers out of the other one without getting any. */
  readonly #answers = new Map<string, Kept>();
  readonly #refusals = new Map<string, Kept>();
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The asker and its parent, to be called before it is answered: it may end with the answer. */
  who(peer: Peer | undefined): Who {
    return askerAndParent(peer);
  }

  /** Remembers an answer; those above the parent are looked for once it is given, and once for each entry. */
  add({ operation, target, claim }: Question, outcome: string, [asker, parent]: Who): void {
    const entries = outcome === "ok" ? this.#answers : this.#refusals;
    const now = Math.floor(this.#clock.now() / 1000);
    // Helpers of one package manager are one entry; a claim is free text and makes none.
    const by = [asker?.name, asker?.executable, parent?.pid ?? asker?.pid, parent?.startedAt ?? asker?.startedAt];
    const key = JSON.stringify([operation, target, outcome, ...by]);
    const known = entries.get(key);
    const claims = known?.claims ?? [];
    if (claim !== undefined && claims.length < maxClaims && !claims.includes(claim)) claims.push(claim);
    const above = known?.above ?? [];
    if (known === undefined && parent !== undefined) {
      above.push(asking(parent));
      setImmediate(() => above.push(...ancestorsOf(parent)));
    }
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
      above,
    });
    if (entries.size <= maxEntries) return;
    entries.delete(entries.keys().next().value!);
    this.#dropped++;
  }

  /** How many programs have asked: package managers, whose helpers count as one. */
  programsSince(since: number): number {
    const programs = this.#since(since).map(({ askers: [asker, parent] }) => (parent ?? asker)?.startedAt);
    return new Set(programs).size;
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
      .filter(({ last }) => last >= since)
      .map(shown)
      .toSorted((one, other) => one.last - other.last);
  }
}

const refused = ({ outcome }: RecordEntry): number => (outcome === "ok" ? 0 : 1);

function shown({ asker, above, ...entry }: Kept): RecordEntry {
  return { ...entry, askers: asker === undefined ? [] : [asker, ...above] };
}
