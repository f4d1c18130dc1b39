/**
 * Who waits for a turn while another request for a touch is pending: first come, first served, one place for each session
 * of processes (setsid(2)), which is a terminal's window or a program without one. So a program that asks again and again
 * stands behind everybody who has asked since its last turn.
 */
import { openLibc } from "../../base/system/libc.ts";
import type { Holder } from "./holder.ts";

/** Who has not asked again for that long waits no more, in milliseconds: a helper asks every second. */
const patienceMs = 5_000;
/** More have no place; they may ask again. */
const maxPlaces = 256;

interface Place {
  asker: Holder;
  askedAt: number;
}

export class Line {
  /** By session, in the order of arrival. */
  readonly #places = new Map<number, Place>();

  /** Whom the asker has to let go first; undefined if it is its turn. `now` in milliseconds of a clock that is never set. */
  before(asker: Holder, now: number): Holder | undefined {
    for (const [session, { askedAt }] of this.#places) {
      if (now - askedAt > patienceMs) this.#places.delete(session);
    }
    const first = this.#places.entries().next().value;
    return first === undefined || first[0] === sessionOf(asker) ? undefined : first[1].asker;
  }

  /** The asker waits, or still does. */
  wait(asker: Holder, now: number): void {
    const session = sessionOf(asker);
    const place = this.#places.get(session);
    if (place !== undefined) Object.assign(place, { asker, askedAt: now });
    else if (this.#places.size < maxPlaces) this.#places.set(session, { asker, askedAt: now });
  }

  /** A turn of that session has begun, or is over: what it asked meanwhile gives it no place before those who wait. */
  leave(session: number): void {
    this.#places.delete(session);
  }
}

let getsid: ((pid: number) => number) | undefined;

/** getsid(2); the process's own id where the system does not say. */
export function sessionOf({ process: { pid } }: Holder): number {
  getsid ??= openLibc({ getsid: { args: ["i32"], returns: "i32" } }).getsid;
  const session = getsid(pid);
  return session > 0 ? session : pid;
}
