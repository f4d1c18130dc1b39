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
}

export class Lanes {
  readonly #replica: string;
  readonly #lanes: Lane[] = [];

  /** `replica` names the chains. */
  constructor(replica: string) {
    this.#replica = replica;
  }

  /** The first that nobody writes to; `release` gives it back. */
  take(): Lane {
    let lane = this.#lanes.find(({ isTaken }) => !isTaken);
    if (lane === undefined) {
      lane = { chain: `${this.#replica}/${this.#lanes.length}`, head: undefined, isTaken: false };
      this.#lanes.push(lane);
    }
    lane.isTaken = true;
    return lane;
  }

  /** `head` is the last entry that was committed; undefined if that is not known. */
  release(lane: Lane, head: Link | undefined): void {
    lane.head = head;
    lane.isTaken = false;
  }

  /** The database may have lost what it had (a standby took over): each last entry is read again. */
  forgetHeads(): void {
    for (const lane of this.#lanes) lane.head = undefined;
  }
}
