/** The process that asks, and those above it: who it was, read before it is answered. */
import { processInfo, type ProcessInfo } from "../../base/system/process-info.ts";
import type { Peer } from "../wire/peer.ts";

/** More than the depth of a build in a terminal in an editor. */
const maxAncestors = 16;
/** The first process of a system ends the tree. */
const firstPid = 1;

export interface AskingProcess {
  pid: number;
  /** The name of its program; "?" where the system does not say. */
  name: string;
  startedAt: string;
}

/**
 * The asker and its ancestors, the asker first. Each parent is looked at again: one that began after its child has got the
 * id of the real one, which has ended. Empty if the system does not say who asks.
 */
export function askersOf(peer: Peer | undefined): AskingProcess[] {
  const askers: AskingProcess[] = [];
  let at = peer?.pid === undefined ? undefined : processInfo(peer.pid);
  while (at !== undefined && askers.length < maxAncestors) {
    askers.push({ pid: at.pid, name: at.name, startedAt: at.startedAt });
    if (at.parent <= firstPid) break;
    const parent = processInfo(at.parent);
    if (parent === undefined || beganAfter(parent, at)) break;
    at = parent;
  }
  return askers;
}

/** Both times are numbers of one unit, in ticks or in seconds. */
function beganAfter(one: ProcessInfo, other: ProcessInfo): boolean {
  return Number(one.startedAt) > Number(other.startedAt);
}
