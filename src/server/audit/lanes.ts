/**
 * The chains that a process writes to. One transaction at a time writes to a chain, so that none waits for another, and
 * the last entry of each is known without asking the database.
 */
import type { AuditEntry, Link } from "./entry.ts";

/**
 * Seconds for which the last entry of an idle chain is known: less than the shortest retention, after which the chain may
 * begin anew.
 */
const headSeconds = 3600;

export interface Lane {
  readonly chain: string;
  /** The last entry; undefined if unknown. */
  head: Pick<AuditEntry, "number" | "hash"> | undefined;
  isTaken: boolean;
  /** When it was given back, in seconds since 1970. */
  usedAt: number;
  /** How often the heads had been forgotten when it was taken. */
  losses: number;
}

export class Lanes {
  readonly #replica: string;
  readonly #now: () => number;
  readonly #lanes: Lane[] = [];
  #losses = 0;

  /** `replica` names the chains; `now` gives seconds since 1970. */
  constructor(replica: string, now: () => number) {
    this.#replica = replica;
    this.#now = now;
  }

  /** The first that nobody writes to; `release` gives it back. */
  take(): Lane {
    let lane = this.#lanes.find(({ isTaken }) => !isTaken);
    if (lane === undefined) {
      lane = {
        chain: chainOf(this.#replica, this.#lanes.length),
        head: undefined,
        isTaken: false,
        usedAt: 0,
        losses: 0,
      };
      this.#lanes.push(lane);
    }
    // Also after a clock was set back.
    if (Math.abs(this.#now() - lane.usedAt) > headSeconds) lane.head = undefined;
    lane.isTaken = true;
    lane.losses = this.#losses;
    return lane;
  }

  /** `head` is the last entry that was committed; undefined if that is not known. */
  release(lane: Lane, head: Link | undefined): void {
    lane.head = lane.losses === this.#losses ? head : undefined;
    lane.usedAt = this.#now();
    lane.isTaken = false;
  }

  /** The database may have lost what it had (a standby took over): each last entry is read again. */
  forgetHeads(): void {
    this.#losses++;
    for (const lane of this.#lanes) lane.head = undefined;
  }
}

/** The chain of a replica that does one thing at a time. */
export function firstChain(replica: string): string {
  return chainOf(replica, 0);
}

function chainOf(replica: string, lane: number): string {
  return `${replica}/${lane}`;
}
