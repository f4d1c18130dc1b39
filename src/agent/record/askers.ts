/** The process that asks, and those above it. */
import { readlinkSync } from "node:fs";
import { processInfo, type ProcessInfo } from "../../base/system/process-info.ts";
import { type Peer, peerProcess } from "../wire/peer.ts";

/** More than the depth of a build in a terminal in an editor. */
const maxAncestors = 16;
/** In UTF-16 units. */
const maxPath = 200;
/** The first process of a system ends the tree. */
const firstPid = 1;

export interface AskingProcess {
  pid: number;
  /** The name that it has, which it can choose. */
  name: string;
  startedAt: string;
  /** The file that it runs; absent where the system does not say, as for Vouch's own helpers. */
  executable?: string;
}

/**
 * The asker and its parent, to be read before it is answered: it may end with the answer. Empty if the system does not say
 * who asks.
 */
export function askerAndParent(peer: Peer | undefined): [asker?: AskingProcess, parent?: ProcessInfo] {
  const asker = peerProcess(peer);
  if (asker === undefined) return [];
  const parent = parentOf(asker);
  return parent === undefined ? [asking(asker)] : [asking(asker), parent];
}

/** Those above a process, the parent first. */
export function ancestorsOf(child: ProcessInfo): AskingProcess[] {
  const found: AskingProcess[] = [];
  for (let at = parentOf(child); at !== undefined && found.length < maxAncestors; at = parentOf(at)) {
    found.push(asking(at));
  }
  return found;
}

export function asking({ pid, name, startedAt }: ProcessInfo): AskingProcess {
  const executable = executableOf(pid);
  return { pid, name, startedAt, ...(executable === undefined ? {} : { executable }) };
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).slice(0, maxPath);
  } catch {
    return undefined;
  }
}

/** Undefined for the first process, and where the parent has ended and its id belongs to one that began later. */
function parentOf(child: ProcessInfo): ProcessInfo | undefined {
  const parent = child.parent <= firstPid ? undefined : processInfo(child.parent);
  // Both times are numbers of one unit, in ticks or in seconds.
  return parent !== undefined && Number(parent.startedAt) <= Number(child.startedAt) ? parent : undefined;
}
