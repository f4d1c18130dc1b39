/**
 * The chains that a process writes to. One transaction at a time writes to a chain, so that none waits for another, and
 * the last entry of each is known without asking the database.
 */
import type { AuditEntry, Link } from "./entry.ts";

export interface Lane {
  readonly chain: string;
  /** The last entry; undefined if unknown. */
  head: Pick<AuditEntry, "number" | "hash"> | undefined;
  isTaken: boolean;
  /** How often the heads had been forgotten when it was taken. */
  losses: number;
}

export class Lanes {
  readonly #replica: string;
  readonly #lanes: Lane[] = [];
  #losses = 0;

  /** `replica` names the chains. */
  constructor(replica: string) {
    this.#replica = replica;
  }

  /** The first that nobody writes to; `release` gives it back. */
  take(): Lane {
    let lane = this.#lanes.find(({ isTaken }) => !isTaken);
    if (lane === undefined) {
      lane = { chain: chainOf(this.#replica, this.#lanes.length), head: undefined, isTaken: false, losses: 0 };
      this.#lanes.push(lane);
    }
    lane.isTaken = true;
    lane.losses = this.#losses;
    return lane;
  }

  /** `head` is the last entry that was committed; undefined if that is not known. */
  release(lane: Lane, head: Link | undefined): void {
    lane.head = lane.losses === this.#losses ? head : undefined;
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
