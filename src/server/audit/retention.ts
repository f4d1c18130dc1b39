/** Retention: removes old entries from the beginning of each chain; a checkpoint keeps the last of them as the anchor. */
import { VouchError } from "../../base/errors.ts";
import { checkpointChain, type Removal } from "../store/audit.ts";
import type { Store } from "../store/store.ts";
import { type CheckpointOptions, type CheckpointSigner, makeCheckpoint } from "./checkpoint.ts";

/** Entries of one chain that one transaction removes. */
const batch = 1000;

/** Parses how long entries are kept, in days like 400d; returns seconds. Throws `usage`. */
export function parseRetention(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(/^([0-9]{1,5})d$/.exec(text)?.[1]);
  if (days >= 1) return days * 24 * 3600;
  throw new VouchError("usage", `Expected --audit-retention in days (like 400d), got "${text}".`);
}

/**
 * Removes the entries that are older than `seconds`, as far as checkpoints have them. Returns how many. Throws as
 * `makeCheckpoint`.
 */
export async function removeOld(
  store: Store,
  signer: CheckpointSigner,
  seconds: number,
  made?: CheckpointOptions["made"],
): Promise<number> {
  let count = 0;
  for (;;) {
    const removals = await due(store, store.now() - seconds);
    if (removals.length === 0) return count;
    const before = new Map((await store.audit.removals()).map(({ chain, number }) => [chain, number]));
    // Another replica may have removed them.
    if ((await makeCheckpoint(store, signer, { removals, made })) === undefined) return count;
    for (const { chain, number } of removals) count += number - (before.get(chain) ?? 0);
  }
}

async function due(store: Store, time: number): Promise<Removal[]> {
  const removals: Removal[] = [];
  const sealed = (await store.audit.heads()).map((head) => ({ chain: head.chain, upTo: head.sealed }));
  // The checkpoint that is about to be made stays.
  for (const { chain, upTo } of [...sealed, { chain: checkpointChain, upTo: Infinity }]) {
    const last = await store.audit.lastOlderThan(chain, time, batch);
    if (last !== undefined && last.number <= upTo) removals.push({ chain, ...last });
  }
  return removals;
}
