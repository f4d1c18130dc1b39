/** Retention: removes old entries from the beginning of each chain; a checkpoint keeps the last of them as the anchor. */
import { VouchError } from "../../base/errors.ts";
import { beforeAll, checkpointChain, type Removal } from "../store/audit.ts";
import type { Store } from "../store/store.ts";
import {
  type CheckpointOptions,
  type CheckpointSigner,
  isSigned,
  lastRemoved,
  makeCheckpoint,
  newestCheckpoint,
  parseCheckpoint,
} from "./checkpoint.ts";
import { type Link, linkProblem } from "./entry.ts";

/** Entries after which one transaction removes no more checkpoints' worth of them. */
const batch = 1000;
/** Entries that one transaction removes at most: after an outage of the signer one checkpoint has any number of them. */
const mostAtOnce = 5000;
/** Checkpoints that are read at once. */
const checkpointsAtOnce = 100;

/** Parses how long entries are kept, in days like 400d; returns seconds. Throws `usage`. */
export function parseRetention(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const days = Number(/^([0-9]{1,5})d$/.exec(text)?.[1]);
  if (days >= 1) return days * 24 * 3600;
  throw new VouchError("usage", `Expected --audit-retention in days (like 400d), got "${text}".`);
}

/** What is old. */
interface Due {
  /** The last entry to remove of each chain. */
  removals: Map<string, Removal>;
  /** Chains that are removed as a whole, by checkpoints that are old, too. */
  forgotten: string[];
}

/**
 * Removes the entries that checkpoints older than `seconds` have, and those checkpoints; at most `atOnce` entries in a
 * transaction. Forgets a chain of which all is removed when the checkpoint that says so is removed itself, or its name
 * would be in every checkpoint of a removal for ever. Returns how many entries. Throws an Error
 * if what is to be removed is not what the checkpoints say: then nothing more is removed; and as `makeCheckpoint`.
 */
export async function removeOld(
  store: Store,
  signer: CheckpointSigner,
  seconds: number,
  { known, made, atOnce = mostAtOnce }: Pick<CheckpointOptions, "known" | "made"> & { atOnce?: number } = {},
): Promise<number> {
  for (let count = 0; ;) {
    // Read first: a removal by another replica takes the number of this one's checkpoint.
    const last = await newestCheckpoint(store);
    const before = new Map((await lastRemoved(store)).map((each) => [each.chain, each]));
    const { removals, forgotten } = await due(store, store.now() - seconds, before, atOnce).catch(
      async (error: unknown) => {
        // What another replica has removed since is missing here.
        if ((await newestCheckpoint(store))?.hash === last?.hash) throw error;
        return { removals: new Map<string, Removal>(), forgotten: [] };
      },
    );
    if (removals.size === 0) return count;
    // Another replica may have removed them.
    const options = { removals: [...removals.values()], forgotten, last, made, ...(known && { known }) };
    if ((await makeCheckpoint(store, signer, options)) === undefined) return count;
    for (const { chain, number } of removals.values()) count += number - (before.get(chain)?.number ?? 0);
  }
}

/** Finds what is old. Throws if it is not what the checkpoints have. */
async function due(store: Store, time: number, before: ReadonlyMap<string, Removal>, atOnce: number): Promise<Due> {
  const stated = new Map<string, number>();
  const removals = await oldEntries(store, time, before, { atOnce, stated });
  const forgotten: string[] = [];
  for (const [chain, number] of stated) {
    if (chain === checkpointChain || removals.has(chain) || before.get(chain)?.number !== number) continue;
    if ((await store.audit.ofChain(chain, beforeAll, 1)).length === 0) forgotten.push(chain);
  }
  return { removals, forgotten };
}

/**
 * What is old is said by the signed time of the checkpoint that has it, not by the entries: whoever can write to the
 * database could make a young one look old, and have it removed. `stated` is given what the old checkpoints say of removed
 * chains: the number of the last removed entry.
 */
async function oldEntries(
  store: Store,
  time: number,
  before: ReadonlyMap<string, Removal>,
  { atOnce, stated }: { atOnce: number; stated: Map<string, number> },
): Promise<Map<string, Removal>> {
  const removals = new Map<string, Removal>();
  let last: Link | undefined = before.get(checkpointChain);
  let entries = 0;
  for (;;) {
    const page = await store.audit.ofChain(checkpointChain, last?.number ?? 0, checkpointsAtOnce);
    for (const entry of page) {
      if (entry.time >= time || entries >= batch) return removals;
      const checkpoint = parseCheckpoint(entry);
      if (checkpoint === undefined || linkProblem(entry, last) !== undefined || !(await isSigned(entry))) {
        throw broken(checkpointChain, entry.number);
      }
      for (const head of checkpoint.heads) {
        const after = (removals.get(head.chain) ?? before.get(head.chain))?.number ?? 0;
        if (head.number <= after) continue;
        const limit = after + atOnce - entries;
        if (head.number > limit) {
          // The checkpoint itself goes with the last part of what it has.
          if (limit > after) removals.set(head.chain, await partOf(store, head, limit));
          return removals;
        }
        entries += head.number - after;
        removals.set(head.chain, await existing(store, head));
      }
      entries++;
      for (const { chain, number } of checkpoint.removed ?? []) stated.set(chain, number);
      last = { number: entry.number, hash: entry.hash };
      removals.set(checkpointChain, { chain: checkpointChain, ...last });
    }
    if (page.length < checkpointsAtOnce) return removals;
  }
}

/** The removal up to `number` of what ends with `head`. Throws if either entry is not there. */
async function partOf(store: Store, head: Removal, number: number): Promise<Removal> {
  await existing(store, head);
  const [found] = await store.audit.ofChain(head.chain, number - 1, 1);
  if (found?.number !== number) throw broken(head.chain, number);
  return { chain: head.chain, number, hash: found.hash };
}

/** Returns the last entry that is to be removed of a chain. Throws if it is not the one that the checkpoint has. */
async function existing(store: Store, { chain, number, hash }: Removal): Promise<Removal> {
  const [found] = await store.audit.ofChain(chain, number - 1, 1);
  if (found?.number !== number || found.hash !== hash) throw broken(chain, number);
  return { chain, number, hash };
}

function broken(chain: string, number: number): Error {
  return new Error(
    `The audit log is broken at ${chain} ${number}, so nothing was removed: \`vouch server audit verify\` says more.`,
  );
}
