/**
 * The process that a touch lets publish: the package manager itself, never what it starts, which may be the code of
 * packages. It is known by its id and its start time.
 */
import { beganEarlier, nameOfProcess, processInfo, type ProcessInfo } from "../../base/process/process-info.ts";
import type { Peer } from "../wire/peer.ts";

/**
 * `self`: a shim asks, and becomes the package manager. `parent`: the package manager has started a helper. One way gives
 * nothing to the other: what a shim's package manager starts has that package manager as its parent, too.
 */
export const holderKinds = ["self", "parent"] as const;
export type HolderKind = (typeof holderKinds)[number];

export interface Holder {
  kind: HolderKind;
  process: ProcessInfo;
}

/**
 * Undefined where the system does not say who asks, or the process has ended: the id of one that has connected and ended
 * may be another's by now, while somebody else still holds its socket.
 */
export function holderOf(peer: Peer | undefined, kind: HolderKind): Holder | undefined {
  const found = peer?.pid === undefined ? undefined : processInfo(peer.pid);
  const asker = found?.startedAt === peer?.startedAt ? found : undefined;
  const holder = kind === "self" ? asker : asker && processInfo(asker.parent);
  return holder && { kind, process: holder };
}

/** Whether its process is older than the other's, by the system's count. */
export function beganBefore({ process }: Holder, other: Holder): boolean {
  return beganEarlier(process, other.process);
}

/** Names the holder for ever. */
export function holderKey({ kind, process }: Holder): string {
  return `${kind} ${nameOfProcess(process)}`;
}

/** Whether its process still runs. */
export function isAlive({ process: { pid, startedAt } }: Holder): boolean {
  return processInfo(pid)?.startedAt === startedAt;
}
